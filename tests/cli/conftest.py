"""Commands as users run them: their own process, its output, its exit code."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture(scope="session")
def prefect_home(tmp_path_factory):
    """One home for all: making its database takes Prefect ten seconds."""
    return tmp_path_factory.mktemp("prefect")


def call(folder, home, *words, **environment):
    """Run `assay` with the given words in a folder, as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", "from assay.cli import main; main()", *map(str, words)],
        check=False,
        cwd=folder,
        env=os.environ
        | {"ASSAY_STORE": str(folder / "bucket"), "PREFECT_HOME": str(home)}
        | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"}
        | environment,
        capture_output=True,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
    )
    for noise in ("Traceback", "leaked"):
        assert noise not in done.stderr, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def assay(tmp_path, prefect_home):
    """`assay` in an empty folder with an empty bucket."""
    return partial(call, tmp_path, prefect_home)


@pytest.fixture(scope="module")
def shared(tmp_path_factory, prefect_home):
    """`assay` in a folder that the tests of a module share, and the folder."""
    folder = tmp_path_factory.mktemp("shared")
    return partial(call, folder, prefect_home), folder


def _take(config, store):
    """The flow's stages one after the other, without Prefect's engine. Returns the verdict of
    validation and what it yielded."""
    from prefect.client.schemas.objects import State
    from prefect.logging import disable_run_logger

    from assay.tasks.ingest import ingest_source
    from assay.tasks.split import split_table
    from assay.tasks.start_run import start_run
    from assay.tasks.validate import run_validation_gate

    with disable_run_logger():
        run = start_run.fn(config, store, (), False)
        found = ingest_source.fn(run)
        held = (found.result() if isinstance(found, State) else found).outputs
        judged = run_validation_gate.fn(run, held["table"], None, held.get("as_text"))
        split_table.fn(run, held["table"])
        return judged.result() if isinstance(judged, State) else judged


@pytest.fixture
def stages(tmp_path, monkeypatch):
    """Take a use case through the stages."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("assay.tasks.stage.publish_report", lambda run, step: None)
    return lambda config, store=None: _take(config, store or str(tmp_path / "bucket"))


@pytest.fixture
def staged(stages):
    """Take a use case through the stages; return the error in which it ends."""
    from assay.errors import AssayError

    def take(config, store=None):
        with pytest.raises(AssayError) as caught:
            stages(config, store)
        return caught.value

    return take
