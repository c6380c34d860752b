"""The cached outcome of each question, so that asking again costs one look-up.

The memo keeps an outcome under the question, the champion that it was judged against, and the code
of that champion's estimator, which may be a team's own. It counts only while the verified journal
still holds the versions that it names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assay.bucket import canonical_json
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.config.loaded_use_case import LoadedUseCase
from assay.gates.catalog import sort_by_gate
from assay.registry.history import STOPPED, ModelHistory, Version
from assay.registry.registry import Registry
from assay.runs.lineage import candidate_code_roots
from assay.runs.outcome import RunOutcome, StepSummary
from assay.runs.run import question_key
from assay.sources.fingerprint import fingerprint
from assay.steps.code_version import read_code_version
from assay.steps.step import Step, referenced_objects

RESULT_STAGE = "run"


def find_cached_outcome(bucket: Bucket, loaded: LoadedUseCase) -> RunOutcome | None:
    """The outcome of this very question, if its source has a fingerprint without being read."""
    source = fingerprint(loaded.use_case.data)
    if source is None:
        return None
    return find_question_outcome(bucket, loaded.use_case.name, question_key(loaded, source))


def find_question_outcome(bucket: Bucket, model: str, question: Digest) -> RunOutcome | None:
    """The standing outcome, if all its evidence is still there. Raises ChainBroken."""
    history = Registry(bucket).history(model)
    rival = history.champion_to_beat(question)
    judged = _read_outcome(bucket, history, question, rival)
    if judged or rival is None:
        return judged
    # A question that was stopped met no champion.
    stopped = _read_outcome(bucket, history, question, None)
    return stopped if stopped and stopped.outcome == STOPPED else None


def _read_outcome(
    bucket: Bucket, history: ModelHistory, question: Digest, against: Version | None
) -> RunOutcome | None:
    entry = bucket.find_memo_entry(RESULT_STAGE, _outcome_key(bucket, question, against))
    if entry is None:
        return None
    outcome = RunOutcome.model_validate(entry["outcome"])
    return _refresh_outcome(history, outcome) if is_in_journal(history, outcome) else None


def remember_outcome(bucket: Bucket, outcome: RunOutcome, steps: Sequence[Step]) -> None:
    """Keep the outcome of a question."""
    made = [artifact for step in steps for artifact in step.outputs.values()]
    needs = {str(digest) for artifact in made for digest in referenced_objects(bucket, artifact)}
    needs |= {str(outcome.run), str(outcome.page.digest)}
    needs |= {str(report.digest) for report in outcome.reports.values()}
    entry = {"outcome": outcome.model_dump(mode="json"), "needs": sorted(needs)}
    history = Registry(bucket).history(outcome.use_case)
    against = history.versions[outcome.against] if outcome.against else None
    key = _outcome_key(bucket, outcome.question, against)
    bucket.memo.remember(RESULT_STAGE, key, entry)
    found = bucket.memo.find(RESULT_STAGE, key) or {}
    if found.get("outcome") != entry["outcome"]:
        # The first outcome stands. The page of this one is found under its own digest.
        bucket.memo.remember(RESULT_STAGE, outcome.page.digest, entry)


def _outcome_key(bucket: Bucket, question: Digest, against: Version | None) -> Digest:
    made_of: dict[str, Any] = {"question": str(question), "against": None}
    if against:
        theirs = read_code_version(*candidate_code_roots(bucket, against))
        made_of |= {"against": against.number, "code": theirs.as_json()}
    return Digest.of_bytes(canonical_json.dump(made_of))


def is_in_journal(history: ModelHistory, outcome: RunOutcome) -> bool:
    """Whether the journal holds the versions that the outcome names."""
    if outcome.model is None:
        return any(
            entry.kind == STOPPED and entry.body["question"] == str(outcome.question)
            for entry in history.entries
        )
    version = history.versions.get(int(outcome.model.partition("@")[2]))
    return version is not None and version.digest == outcome.digest


def _refresh_outcome(history: ModelHistory, outcome: RunOutcome) -> RunOutcome:
    """The outcome as it stands today: no step ran for it, and the champion may have changed."""
    champion = history.champion
    return outcome.model_copy(
        update={
            "steps": [StepSummary(name=s.name, cached=True, seconds=0.0) for s in outcome.steps],
            "gates": sort_by_gate(outcome.gates),
            "reports": sort_by_gate(outcome.reports),
            "champion": champion is not None and champion.name == outcome.model,
        }
    )
