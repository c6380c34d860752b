"""What the system refuses is told in one sentence: exit code 1, and no traceback."""

import errno
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import assay.cli
from assay.cli import console
from assay.cli.signals import TOLD
from assay.errors import AssayError

ROOT = Path(__file__).parents[2]
MAIN = [sys.executable, "-c", "from assay.cli import main; main()"]
NARROW = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
NAMELESS = ["unshare", "--user", "--map-user=12345"]
HOMES = ("HOME", "PREFECT_HOME", "ASSAY_STATE", "XDG_STATE_HOME", "XDG_CACHE_HOME")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a bucket that has a history, and a use case without a source."""
    made = tmp_path_factory.mktemp("refusals")
    shutil.copytree(ROOT / "tests" / "golden" / "v1", made / "bucket")
    (made / "case.yaml").write_text(
        'question: "Kommt der Gäst zurück?"\ndecision: none\nharm: none\nowner: the tests\n'
        "data: {source: rows.csv, target: {column: back, positive: 'yes'}}\n"
        "candidates: [{estimator: sklearn.tree.DecisionTreeClassifier}]\n",
        "utf-8",
    )
    rows = "".join(f"{n},{'yes' if n % 3 else 'no'}\n" for n in range(90))
    (made / "rows.csv").write_text("x,back\n" + rows)
    return made


def call(folder, *words, before=(), stdout=subprocess.PIPE, without=(), **more):
    kept = {name: value for name, value in os.environ.items() if name not in without}
    done = subprocess.run(
        [*before, *MAIN, *map(str, words)], cwd=folder, text=True, check=False, timeout=120,
        stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE,
        env=kept | {"ASSAY_STORE": str(folder / "bucket"), "PYTHONPATH": str(ROOT)} | more,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.mark.parametrize("words", [["log"], ["show", "guests", "--json"], ["show", "guests"]])
def test_a_full_disk_below_standard_output_is_told(folder, words):
    with open("/dev/full", "wb") as full:
        done = call(folder, *words, stdout=full)
    assert done.returncode == 1
    assert done.stderr.startswith("error: No space left on device\n  Free some space")


def test_json_fits_a_narrow_encoding(folder, monkeypatch):
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", narrow)
    console.print_json({"question": "Gäste, 日本"})
    assert json.loads(narrow.buffer.getvalue()) == {"question": "Gäste, 日本"}


@pytest.mark.parametrize("words", [["log"], ["show", "guests"], ["show", "guests", "--card"]])
def test_every_text_fits_a_narrow_encoding(folder, words):
    assert call(folder, *words, **NARROW).returncode == 0


def test_a_file_is_read_as_utf_8_whatever_the_encoding_of_the_terminal(folder):
    done = call(folder, "why", "case.yaml", "--json", **NARROW)
    assert done.returncode == 0, done.stderr


def test_a_path_that_the_systems_encoding_cannot_express_is_told(folder):
    text = (folder / "case.yaml").read_text("utf-8")
    (folder / "odd.yaml").write_text(text.replace("rows.csv", "größe/rows.csv"), "utf-8")
    words = ["run", "odd.yaml", "--store", folder / "new", "--json"]
    done = call(folder, *words, **NARROW)
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert "größe/rows.csv" in told["where"]
    assert "ascii" in told["what"]
    assert "PYTHONUTF8=1" in told["remedy"]


@pytest.mark.parametrize(
    ("number", "where", "remedy"),
    [
        (errno.EMFILE, "/some/file", "ulimit -n"),
        (errno.ENOSPC, None, "Free some space"),
        (errno.EACCES, "/some/file", "right"),
        (errno.EIO, "/some/file", None),
    ],
)
def test_what_no_command_foresaw_is_an_error_like_others(
    monkeypatch, capsys, number, where, remedy
):
    def fail():
        raise OSError(number, os.strerror(number), where)

    monkeypatch.setattr("assay.cli.app.app", fail)
    monkeypatch.setattr(sys, "argv", ["assay", "log", "--json"])
    with pytest.raises(SystemExit) as caught:
        assay.cli.main()
    assert caught.value.code == 1
    told = json.loads(capsys.readouterr().out)
    assert told["what"] == os.strerror(number)
    assert told["where"] == where
    assert remedy is None or remedy in told["remedy"]


def test_an_error_of_our_own_keeps_its_exit_code(monkeypatch, capsys):
    class Refusal(AssayError, OSError):
        exit_code = 4

    def fail():
        raise Refusal("no")

    monkeypatch.setattr("assay.cli.app.app", fail)
    with pytest.raises(SystemExit) as caught:
        assay.cli.main()
    assert caught.value.code == 4


def test_an_interrupt_before_a_command_begins_has_the_usual_code(monkeypatch, capsys):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr("assay.cli.app.app", interrupt)
    with pytest.raises(SystemExit) as caught:
        assay.cli.main()
    assert caught.value.code == 130
    assert capsys.readouterr().err == "stopped\n"


@pytest.mark.parametrize(("told", "lines"), [(False, "stopped\n"), (True, "")])
def test_an_interrupt_within_a_command_is_one_line(monkeypatch, capsys, told, lines):
    application = typer.Typer()

    @application.command()
    def work():
        interrupt = KeyboardInterrupt()
        if told:
            interrupt.add_note(TOLD)
        raise interrupt

    monkeypatch.setattr("assay.cli.app.app", application)
    monkeypatch.setattr(sys, "argv", ["assay"])
    with pytest.raises(SystemExit) as caught:
        assay.cli.main()
    assert caught.value.code == 130
    assert capsys.readouterr().err == lines


def test_a_home_that_is_a_file_ends_a_run_before_it_begins(folder):
    (folder / "home").touch()
    words = ["run", "case.yaml", "--json", "--store", folder / "new"]
    done = call(folder, *words, without=HOMES, HOME=str(folder / "home"))
    assert done.returncode == 1
    assert json.loads(done.stdout)["where"] == str(folder / "home" / ".prefect")


def test_a_server_that_does_not_answer_ends_a_run_before_it_begins(folder):
    words = ["run", "case.yaml", "--json", "--store", folder / "new"]
    done = call(folder, *words, PREFECT_API_URL="http://127.0.0.1:9/api")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert told["where"] == "PREFECT_API_URL=http://127.0.0.1:9/api"
    assert "does not answer" in told["what"]
    assert len(done.stderr.splitlines()) == 2


@pytest.fixture
def nameless():
    """Words that begin a process whose user the system has no name and no home for."""
    if subprocess.run([*NAMELESS, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this system lets nobody be another user")
    return NAMELESS


@pytest.mark.parametrize(
    "words", [["log"], ["verify"], ["doctor"], ["show", "guests"], ["gc", "--dry-run"]]
)
def test_a_user_without_a_name_and_a_home_reads_a_bucket(folder, nameless, words):
    assert call(folder, *words, before=nameless, without=HOMES).returncode == 0


@pytest.mark.parametrize(
    ("words", "variable"),
    [
        (["up", "--status"], "ASSAY_STATE"),
        (["down"], "ASSAY_STATE"),
        (["run", "case.yaml", "--store", "new"], "PREFECT_HOME"),
    ],
)
def test_a_user_without_a_home_is_told_what_to_set(folder, nameless, words, variable):
    done = call(folder, *words, before=nameless, without=HOMES)
    assert done.returncode == 1
    assert f"Set {variable} to a folder" in done.stderr


def test_a_user_without_a_home_runs_with_folders_of_their_own(folder, nameless):
    done = call(
        folder, "up", "--status", before=nameless, without=HOMES, ASSAY_STATE=str(folder / "s")
    )
    assert "nothing is running" in done.stderr
