"""A run: its bucket, its use case, the state of its source, and the question it answers."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ConfigDict, PrivateAttr

from assay.bucket import artifacts, canonical_json
from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.config.loaded_use_case import LoadedUseCase, parse_use_case
from assay.problems.lookup import problem_type
from assay.problems.problem_type import ProblemType
from assay.registry.open import open_bucket
from assay.steps import plan
from assay.steps.code_version import read_code_version
from assay.steps.step import exact_digest

# The whole flow: whatever it imports may change what a question comes to.
TRAIN_FLOW = "assay.flows.train"


class _FrozenModel(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RetrainingOrigin(_FrozenModel):
    """The retraining behind a run: the journal entry that began it, the last entry of the batch
    ledger that it may learn from, and its moment (RFC 3339).
    """

    retraining: int
    upto: int
    as_of: str


class Run(_FrozenModel):
    """One run: the bucket, the text of the use case, the state of its source.

    Steps take this and artifacts, nothing else. `always` repeats steps that the memo knows.
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
        """Prepare the bucket and store the use case in it. `source` is the fingerprint.

        A plan writes nothing, because the bucket may be read-only.
        """
        name, words, bucket = loaded.use_case.name, artifacts.USE_CASE, open_bucket(store)
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
        """The same question on the rows of a retraining."""
        return self.model_copy(
            update={"source": str(training_table.digest), "retraining_origin": origin}
        )

    @property
    def bucket(self) -> Bucket:
        return open_bucket(self.store)

    @property
    def loaded(self) -> LoadedUseCase:
        return self._planned or _load_stored(self.store, self.use_case)

    @property
    def problem(self) -> ProblemType:
        """The type of its question."""
        return problem_type(self.loaded.use_case.data.target)

    def question(self, table: Artifact) -> Digest:
        """The key of everything that the answer depends on, except the champion.

        A source without a fingerprint, such as a SQL query, is known by its table.
        """
        return question_key(self.loaded, self.source or str(table.digest))


@lru_cache(maxsize=64)
def _load_stored(store: str, words: Artifact) -> LoadedUseCase:
    return parse_use_case(open_bucket(store).get_json(words))


# How many processes search changes how long it takes, not what is found; what becomes of a model
# later does not change it, nor what its card says.
_EXCLUDED_FROM_QUESTION: Any = {
    "search": {"jobs"},
    **dict.fromkeys(("card", "score", "labels", "monitor", "retrain", "schedule"), True),
}


def question_key(loaded: LoadedUseCase, source: str) -> Digest:
    """Digest of use case, source and code together."""
    theirs = [name for c in loaded.use_case.candidates for name in c.code_roots()]
    asked = loaded.use_case.model_dump(mode="json", exclude=_EXCLUDED_FROM_QUESTION)
    if asked["data"]["weight"] is None:  # so that questions without weights are the same as ever
        del asked["data"]["weight"]
    value = {
        "use_case": exact_digest(asked),
        # To declare what is assumed otherwise is another question: what is declared is not asked.
        "declared": {
            "cost": loaded.use_case.performance.cost_declared,
            "sensitive": "sensitive" in loaded.use_case.data.model_fields_set,
        },
        "source": source,
        "code": read_code_version(TRAIN_FLOW, *theirs).as_json(),
    }
    return Digest.of_bytes(canonical_json.dump(value))
