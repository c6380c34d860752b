"""Runs: what one is about, the record it leaves, and what it came to.

A record is canonical JSON that names use case, code, environment and every step with its inputs
and outputs by digest: the root of the run's Merkle tree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, PrivateAttr

from assay import artifacts, canonical, plan
from assay.artifacts import Artifact
from assay.bucket import Bucket
from assay.config.read import LoadedUseCase, parse_use_case
from assay.digest import Digest
from assay.errors import ObjectMissing
from assay.provenance import describe_environment, read_code_version, read_git_state
from assay.steps import Step, exact_digest, referenced_objects

# The whole flow: whatever it imports may change what a question comes to.
TRAIN_FLOW = "assay.flows.train"


class _FrozenModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RetrainingOrigin(_FrozenModel):
    """What a run owes to a retraining: the journal's entry that began it, the last entry of the
    ledger whose rows it may learn from, and the moment that it is about (RFC 3339).
    """

    retraining: int
    upto: int
    as_of: str


class Run(_FrozenModel):
    """What a run is about: the bucket, the use case's words, the state of its source.

    Steps are given this and artifacts, nothing else. `always` redoes steps that the memo knows.
    """

    store: str
    name: str
    use_case: Artifact
    candidates: tuple[str, ...]
    searched_as: tuple[str, ...]  # by candidate, the first that is searched alike
    source: str | None
    always: bool = False
    retraining_origin: RetrainingOrigin | None = None
    _planned: LoadedUseCase | None = PrivateAttr(None)

    @classmethod
    def begin(cls, loaded: LoadedUseCase, store: str, source: str | None, *, always: bool) -> Run:
        """Prepare the bucket and keep the use case's words in it. `source`: its fingerprint.

        While a plan is made, nothing is written: the bucket may be one that can only be read.
        """
        name, words, bucket = loaded.use_case.name, artifacts.USE_CASE, Bucket.open(store)
        planned = plan.current_plan() is not None
        keep = bucket.describe_json if planned else bucket.prepare().put_json
        run = cls(
            store=store,
            name=name,
            use_case=keep(loaded.document, words, name),
            candidates=tuple(candidate.title for candidate in loaded.use_case.expanded_candidates),
            searched_as=tuple(loaded.use_case.shared_searches().values()),
            source=source,
            always=always,
        )
        run._planned = loaded if planned else None
        return run

    def for_retraining(self, training_table: Artifact, origin: RetrainingOrigin) -> Run:
        """The same question, asked of rows that were gathered for a retraining."""
        return self.model_copy(update={"source": str(training_table.digest), "anew": origin})

    @property
    def bucket(self) -> Bucket:
        return Bucket.open(self.store)

    @property
    def loaded(self) -> LoadedUseCase:
        return self._planned or _load_stored(self.store, self.use_case)

    def question(self, table: Artifact) -> Digest:
        """The key of all that the answer depends on, but for the champion.

        A source without a fingerprint, such as a SQL query, is known by the table it yielded.
        """
        return question_key(self.loaded, self.source or str(table.digest))


@lru_cache(maxsize=64)
def _load_stored(store: str, words: Artifact) -> LoadedUseCase:
    return parse_use_case(Bucket.open(store).get_json(words))


class CandidateOutcome(_FrozenModel):
    """One candidate's fate: the version it became, how each gate judged it, what it scored.

    `scores`: the metric that ranks candidates and the accuracy, on the test rows; `largest_gap`,
    of those that the fairness rules name.
    """

    model: str
    candidate: str
    status: str
    gates: dict[str, str]
    reasons: list[str]
    scores: dict[str, float]


class StepSummary(_FrozenModel):
    """One line about a step. `seconds` is what it took in this run: nothing if `cached`."""

    name: str
    cached: bool
    seconds: float


class RunOutcome(_FrozenModel):
    """What a run came to. `outcome` is registered, rejected or stopped."""

    use_case: str
    question: Digest
    run: Digest
    outcome: str
    model: str | None
    digest: Digest | None  # of the model's bytes
    champion: bool
    against: int | None  # the version of the champion that it was judged against
    gates: dict[str, str]
    reports: dict[str, Artifact]
    page: Artifact
    reasons: list[str]
    judged: list[CandidateOutcome]
    steps: list[StepSummary]


# How many processes search changes how long it takes, not what is found; what becomes of a model
# later does not change it.
_EXCLUDED_FROM_QUESTION: Any = {
    "search": {"jobs"},
    **dict.fromkeys(("score", "labels", "monitor", "retrain", "schedule"), True),
}


def question_key(loaded: LoadedUseCase, source: str) -> Digest:
    """Digest of use case, source and code together."""
    theirs = [name for c in loaded.use_case.candidates for name in c.imported_modules()]
    asked = loaded.use_case.model_dump(mode="json", exclude=_EXCLUDED_FROM_QUESTION)
    value = {
        "use_case": exact_digest(asked),
        "source": source,
        "code": read_code_version(TRAIN_FLOW, *theirs).as_json(),
    }
    return Digest.of_bytes(canonical.dump(value))


def put_run_record(
    run: Run, *, question: Digest, steps: Sequence[Step], verdicts: Mapping[str, Any]
) -> Artifact:
    """Store the record of a run: all that is needed to know, and to rebuild, what it made.

    Made only of what is there: see `garbage`. Raises ObjectMissing.
    """
    bucket, state = run.bucket, read_git_state()
    _require_objects(bucket, steps)
    diff = bucket.put(state.diff, artifacts.DIFF, "uncommitted changes") if state.diff else None
    installed = bucket.put_json(describe_environment(), artifacts.ENVIRONMENT, "environment")
    value = {
        "record": 1,
        "question": str(question),
        "source": run.source,
        "use_case": run.use_case.as_json(),
        "configuration": run.loaded.use_case.model_dump(mode="json"),
        "code": {"commit": state.commit, "diff": diff and diff.as_json()},
        "environment": installed.as_json(),
        "steps": [step.as_json() for step in steps],
        "verdicts": dict(verdicts),
    }
    return bucket.put_json(value, artifacts.RECORD, f"run of {run.name}")


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
