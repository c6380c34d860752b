"""Commands as users run them: their own process, its output, its exit code."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
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


@pytest.fixture
def assay(tmp_path, prefect_home):
    """Run `assay` with the given words in an empty folder with an empty bucket."""

    def run(*words, **environment):
        done = subprocess.run(
            [sys.executable, "-c", "from assay.cli import main; main()", *map(str, words)],
            cwd=tmp_path,
            env=os.environ
            | {"ASSAY_STORE": str(tmp_path / "bucket"), "PREFECT_HOME": str(prefect_home)}
            | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"}
            | environment,
            capture_output=True,
            text=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def staged(tmp_path, monkeypatch):
    """Take a use case through the stages without Prefect's engine; return the error it ends in."""
    from assay.errors import AssayError
    from tasks.ingest import ingest
    from tasks.read import read
    from tasks.split import split
    from tasks.train import train
    from tasks.validate import validate

    def take(config, store=None):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(AssayError) as caught:
            run = read.fn(config, store or str(tmp_path / "bucket"), (), False)
            table = ingest.fn(run)["table"]
            validate.fn(run, table)
            parted = split.fn(run, table)
            for name in run.candidates:
                train.fn(run, table, parted["membership"], name)
        return caught.value

    monkeypatch.setattr("tasks.stage.publish", lambda run, step: None)
    return take
