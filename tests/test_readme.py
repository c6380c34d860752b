"""What the README says works, word for word."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assay.config.loaded_use_case import load_use_case

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_least_use_case_is_one(tmp_path):
    (text,) = blocks("yaml")
    (tmp_path / "guests.yaml").write_text(text)
    assert load_use_case(tmp_path / "guests.yaml").use_case.question == "Will this guest come back?"


def anchors(path):
    """The headings of a page, as GitHub links to them."""
    text = (ROOT / path).read_text() if path.endswith(".md") else ""
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_file_that_it_links_to_is_there():
    for link in re.findall(r"\]\(([^)h][^)]*)\)", README):
        path, _, place = link.partition("#")
        assert (ROOT / path).exists(), link
        assert place in anchors(path) | {""}, link


def test_every_command_that_it_names_is_one():
    from typer.main import get_command

    from assay.cli.app import app

    named = set(re.findall(r"`assay ([a-z][a-z-]*)", README))
    assert named == set(get_command(app).commands)


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A clone of what is committed, as a newcomer has it."""
    folder = tmp_path_factory.mktemp("newcomer") / "assay"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.clone
@pytest.mark.parametrize("again", [False, True], ids=["first", "again"])
def test_its_two_commands_run_in_a_fresh_clone(clone, again):
    make_run, make_test = (line.partition("#")[0] for line in blocks("sh")[0].splitlines())
    plain = {k: v for k, v in os.environ.items() if k not in {"VIRTUAL_ENV", "ASSAY_STORE"}}
    plain |= {"PREFECT_HOME": str(clone / "prefect"), "PYTHON": sys.executable}

    def told(command, **more):
        return subprocess.run(
            command.split(),
            cwd=clone,
            env=plain | more,
            check=True,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        ).stdout

    out = told(make_run)
    assert "income@2 registered, champion" in out
    steps, found = re.search(r"steps +(\d+), of which (\d+) were cached", out).groups()
    assert found == (steps if again else "0")
    assert (clone / "reports/income@2.html").stat().st_size <= 500_000
    if not again:  # each command must stand alone
        shutil.rmtree(clone / ".venv")
    # The suite itself is what runs this; one file of it is enough to show that it starts.
    assert "passed" in told(make_test, ARGS="tests/bucket/test_digest.py")
