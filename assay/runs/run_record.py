"""The record of a run: canonical JSON, the root of the run's Merkle tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assay.bucket import artifacts
from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.errors import ObjectMissing
from assay.runs.run import Run
from assay.steps.environment import GitState, describe_environment, read_git_state, read_team_state
from assay.steps.step import Step, referenced_objects


def put_run_record(
    run: Run, *, question: Digest, steps: Sequence[Step], verdicts: Mapping[str, Any]
) -> Artifact:
    """Store the record of a run: everything that is needed to know and to rebuild its outputs.

    Names only objects that are there: see `upkeep.garbage_collector`. Raises ObjectMissing.
    """
    bucket, team = run.bucket, read_team_state(Path.cwd())
    _require_objects(bucket, steps)
    installed = bucket.put_json(describe_environment(), artifacts.ENVIRONMENT, "environment")
    value = {
        "record": 1,
        "question": str(question),
        "source": run.source,
        "use_case": run.use_case.as_json(),
        "configuration": run.loaded.use_case.model_dump(mode="json"),
        "code": _put_git_state(bucket, read_git_state()),
        "environment": installed.as_json(),
        "steps": [step.as_json() for step in steps],
        "verdicts": dict(verdicts),
    }
    if team.commit:
        value["team"] = _put_git_state(bucket, team)
    return bucket.put_json(value, artifacts.RECORD, f"run of {run.name}")


def _put_git_state(bucket: Bucket, state: GitState) -> dict[str, Any]:
    diff = bucket.put(state.diff, artifacts.DIFF, "uncommitted changes") if state.diff else None
    return {"commit": state.commit, "diff": diff and diff.as_json()}


def _require_objects(bucket: Bucket, steps: Sequence[Step]) -> None:
    named = [a for step in steps for a in (*step.inputs.values(), *step.outputs.values())]
    gone = bucket.objects.find_missing(
        digest for a in set(named) for digest in referenced_objects(bucket, a)
    )
    if gone:
        raise ObjectMissing(
            f"{len(gone)} objects that this run made or used are gone, such as {gone[0]}",
            where=bucket.root,
            remedy="Run again: what is gone is made anew.",
        )
