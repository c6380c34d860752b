"""Repeats a recorded run in a process of its own, into a bucket of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay import errors
from assay.bucket.artifacts import RECORD, Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal, JournalEntry
from assay.errors import AssayError, ConfigError, IntegrityError
from assay.registry.open import open_bucket
from assay.registry.registry import Registry
from assay.reproduce import environment
from assay.reproduce.code_tree import CodeTree, lay_out_code
from assay.reproduce.rebuild_identity import make_rebuild_identity
from assay.reproduce.recorded_run import RecordedRun, copy_objects, recall_run
from assay.reproduce.row_origin import RowOrigin, find_source_rows, source_depth
from assay.steps.key_differences import KeyDifference
from assay.steps.step import Step, referenced_objects

_RUN = "from assay.cli import main; main()"
_RUN_SCRIPT_FIRST = "import runpy, sys; runpy.run_path(sys.argv.pop(1), run_name='__main__'); "
_FROM_TABLE = Path(__file__).with_name("from_table.py")
# What the person's own settings must not bring into the rebuild: keys, other code, other places.
_DROPPED_VARIABLES = ("ASSAY_", "PREFECT_", "PYTHONPATH", "PYTHONHOME")


@dataclass(frozen=True)
class RebuiltRun:
    """The outcome of the repeated run."""

    bucket: Bucket
    steps: tuple[Step, ...]
    entries: tuple[JournalEntry, ...]


@dataclass(frozen=True)
class Rebuild:
    """Everything that a recorded run needs to be repeated, laid out before it starts.

    `environment_changes`: differences between the environment it will run in and the recorded one.
    """

    recorded: RecordedRun
    code: CodeTree
    rows: RowOrigin
    environment_changes: list[KeyDifference]
    python: str
    folder: Path
    working_folder: Path

    def run(self, bucket: str) -> RebuiltRun:
        """Repeat the run into the empty bucket at this URL, and read its outcome.

        Raises the error that ended the run early.
        """
        target = open_bucket(bucket)
        self.recorded.seed(target)
        told = self._run(bucket)
        digest = Digest.parse(told["run"])
        artifact = Artifact(media_type=RECORD, digest=digest, size=0, name="run")
        entries = Journal(target, self.recorded.version.model).entries()
        return RebuiltRun(
            bucket=target,
            steps=tuple(Step.model_validate(s) for s in target.get_json(artifact)["steps"]),
            entries=tuple(e for e in entries[len(self.recorded.history_before.entries) :]),
        )

    def _run(self, bucket: str) -> dict[str, Any]:
        script = ["-c", _RUN] if self.rows.is_repeatable else self._script_from_table(bucket)
        words = self.recorded.loaded_use_case.document
        overrides = [word for text in words["set"] for word in ("--set", text)]
        where = ("--store", bucket, "--reports", str(self.folder / "reports"), "--json")
        done = subprocess.run(  # noqa: S603 - no shell; the words are those of the verified record
            [
                self.python,
                "-P",
                *script,
                *self._command(self._write_config(words)),
                *where,
                *overrides,
            ],
            cwd=self.working_folder,
            env=_environment_variables(self.recorded.bucket, self.folder, self.code.root),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        return _parse_result(done)

    def _command(self, config: str) -> list[str]:
        """The recorded command. A retraining resumes from the entry that began it."""
        if self.recorded.retraining_entry is None:
            return ["run", config]
        asked = self.recorded.retraining_entry.body
        why = ["--because", asked["because"], "--by", asked["by"], "--as-of", asked["as_of"]]
        return ["retrain", config, *why, *(["--evidence", e] if (e := asked["evidence"]) else [])]

    def _write_config(self, words: Mapping[str, Any]) -> str:
        """Write the recorded use case under its recorded file name, from which names and error
        locations follow.
        """
        named = Path(words["file"])
        path = Path(named.name) if ".." in named.parts else named
        (self.working_folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.working_folder / path).write_text(words["text"], encoding="utf-8")
        return str(path)

    def _script_from_table(self, bucket: str) -> list[str]:
        source, target = self.recorded.bucket, open_bucket(bucket)
        outputs = self.recorded.ingested_outputs
        copy_objects(
            source,
            target,
            (d for held in outputs.values() for d in referenced_objects(source, held)),
        )
        given = {
            "source": self.recorded.source,
            "outputs": {name: held.as_json() for name, held in outputs.items()},
        }
        path = self.folder / "given.json"
        path.write_text(json.dumps(given), encoding="utf-8")
        return ["-c", _RUN_SCRIPT_FIRST + _RUN, str(_FROM_TABLE), str(path)]


def prepare_rebuild(
    bucket: Bucket,
    reference: str,
    folder: Path,
    *,
    repository: str | None = None,
    recorded_environment: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Rebuild:
    """Lay out below `folder` everything that the record of a version's run names.

    `repository`: where its commit is, if not in the repository around the working directory. With
    `recorded_environment` the recorded distributions are installed into a virtual environment;
    otherwise the rebuild runs in the present one.

    Nothing that the record names runs unless the version's entry counts: see
    `Registry.require_genuine`. Raises ReferenceUnknown, ConfigError, IntegrityError.
    """
    recorded = recall_run(bucket, reference)
    Registry(bucket).require_genuine(recorded.version)
    working = folder.joinpath("run", *["run"] * source_depth(recorded))
    working.mkdir(parents=True)
    code = lay_out_code(recorded, folder, working, repository)
    rows = find_source_rows(recorded, working, code.root)
    told = recorded.environment
    python = environment.build_environment(told, say) if recorded_environment else sys.executable
    now = environment.interpreter_environment(python)
    return Rebuild(
        recorded=recorded,
        code=code,
        rows=rows,
        environment_changes=environment.environment_differences(told, now, recorded.distributions),
        python=python,
        folder=folder,
        working_folder=working,
    )


def _environment_variables(bucket: Bucket, folder: Path, code: Path) -> dict[str, str]:
    """Variables of the rebuild: a Prefect home of its own, the recorded code first on the path."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_DROPPED_VARIABLES)}
    own = {"PYTHONPATH": str(code), "PREFECT_HOME": str(folder / "prefect")}
    return kept | make_rebuild_identity(bucket, folder) | own


def _parse_result(process: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Parse what the run printed. Raises the error that ended it."""
    try:
        told: dict[str, Any] = json.loads(process.stdout)
    except ValueError:
        raise IntegrityError(
            f"the rebuild ended with code {process.returncode} and without a result",
            remedy="Its own words are above. A file that git did not track then may be missing; "
            "where the environment differs from the recorded one, try --recorded-environment.",
        ) from None
    if "run" in told:
        return told
    kind = getattr(errors, str(told["error"]), ConfigError)
    raised: AssayError = kind(
        f"the rebuild stopped where the run did not: {told['what']}",
        where=told["where"],
        remedy=told["remedy"],
    )
    raise raised
