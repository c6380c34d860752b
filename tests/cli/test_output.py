"""What commands print to whom: pages, narrow terminals, readers that leave early."""

import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAIN = [sys.executable, "-c", "from assay.cli import main; main()"]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A bucket with a history, made by an earlier version."""
    folder = tmp_path_factory.mktemp("kept")
    shutil.copytree(ROOT / "tests" / "golden" / "v1", folder / "bucket")
    return folder


def environment(folder):
    return os.environ | {"ASSAY_STORE": str(folder / "bucket"), "PYTHONPATH": str(ROOT)}


@pytest.mark.parametrize(
    "words",
    [["show", "guests"], ["show", "guests", "--json"], ["show", "guests", "--card"], ["log"]],
)
def test_a_reader_that_leaves_early_ends_a_command_as_it_ends_any_filter(kept, words):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*MAIN, *words], stdout=writing, stderr=subprocess.PIPE, env=environment(kept),
        timeout=60, text=True, check=False,
    )  # fmt: skip
    os.close(writing)
    assert done.returncode == 141  # 128 + SIGPIPE
    assert done.stderr == ""


def on_a_terminal(folder, columns, *words):
    """What a command shows on a terminal of so many columns."""
    parent, child = pty.openpty()
    size = {"COLUMNS": str(columns), "LINES": "50", "TERM": "xterm", "NO_COLOR": "1"}
    with subprocess.Popen(
        [*MAIN, *words], stdout=child, stderr=subprocess.PIPE, env=environment(folder) | size
    ) as process:
        os.close(child)
        seen = b""
        try:
            while part := os.read(parent, 65536):
                seen += part
        except OSError:
            pass  # how a terminal says that its program has gone
        _, error = process.communicate(timeout=60)
        assert process.returncode == 0, error
    return re.sub(r"\x1b\[[\d;]*m", "", seen.decode()).splitlines()


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_history_is_told_in_full_on_any_terminal(kept, columns):
    lines = on_a_terminal(kept, columns, "log", "guests")
    assert all(len(line) <= columns for line in lines)
    text = " ".join(" ".join(line.replace("│", " ").split()) for line in lines)
    assert "…" not in text
    for word in ("guests@1", "guests@2", "registered", "promoted", "rejected"):
        assert word in text


def test_a_version_shows_its_findings_and_a_gate_shows_all(kept):
    whole = on_a_terminal(kept, 100, "show", "guests@1")
    gate = on_a_terminal(kept, 100, "show", "guests@1", "--gate", "fairness")
    assert any("fairness" in line for line in whole)
    assert not any(line.startswith("By ") for line in whole)
    assert any("✓ pass" in line or "✗ fail" in line or "? unknown" in line for line in gate)
    assert len(gate) > 12


def test_a_page_of_one_gate_holds_that_gate_alone(kept):
    page = kept / "pages" / "fairness.html"
    done = subprocess.run(
        [*MAIN, "show", "guests@1", "--gate", "fairness", "--html", str(page)],
        capture_output=True, env=environment(kept), text=True, check=True, timeout=60,
    )  # fmt: skip
    html = page.read_text("utf-8")
    assert 'id="fairness"' in html
    assert 'id="validation"' not in html
    assert "<strong>guests@1: fairness</strong>" in html
    assert "<h1>Fairness " in html
    assert str(page) in done.stderr


def test_a_page_of_a_version_leads_to_each_of_its_gates(kept):
    page = kept / "all.html"
    words = ["show", "guests@1", "--html", str(page)]
    subprocess.run([*MAIN, *words], capture_output=True, env=environment(kept), check=True)
    html = page.read_text("utf-8")
    for gate in ("validation", "feasibility", "performance", "fairness"):
        assert f'href="#{gate}"' in html
        assert f'id="{gate}"' in html
