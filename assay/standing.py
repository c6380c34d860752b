"""What a question came to before, so that asking again costs a look.

The answer is kept in the memo under the question and the champion that it was judged against, with
the code of that champion's estimator, which may be a user's own.
It counts only while the journal, read and verified, still has what it tells of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assay import canonical
from assay.bucket import Bucket
from assay.config.read import Written
from assay.digest import Digest
from assay.gates import in_order
from assay.provenance import code_of
from assay.registry import Registry
from assay.runs import Outcome, StepTaken, question_key
from assay.sources.fingerprint import fingerprint
from assay.steps import Step, reach
from assay.trained import modules_of
from assay.versions import STOPPED, History, Version

STAGE = "run"


def answer(bucket: Bucket, written: Written) -> Outcome | None:
    """What this very question came to, if its source can be known without reading it."""
    source = fingerprint(written.use_case.data)
    if source is None:
        return None
    return standing(bucket, written.use_case.name, question_key(written, source))


def standing(bucket: Bucket, model: str, question: Digest) -> Outcome | None:
    """The standing answer, if all that proves it is still there. Raises ChainBroken."""
    history = Registry(bucket).history(model)
    rival = history.rival(question)
    judged = _found(bucket, history, question, rival)
    if judged or rival is None:
        return judged
    # A question that was stopped met no champion.
    stopped = _found(bucket, history, question, None)
    return stopped if stopped and stopped.outcome == STOPPED else None


def _found(
    bucket: Bucket, history: History, question: Digest, against: Version | None
) -> Outcome | None:
    entry = bucket.remembered(STAGE, _key(bucket, question, against))
    if entry is None:
        return None
    outcome = Outcome.model_validate(entry["outcome"])
    return _as_of(history, outcome) if _is_told(history, outcome) else None


def remember(bucket: Bucket, outcome: Outcome, steps: Sequence[Step]) -> None:
    """Keep what a question came to."""
    made = [artifact for step in steps for artifact in step.outputs.values()]
    needs = {str(digest) for artifact in made for digest in reach(bucket, artifact)}
    needs |= {str(outcome.run), str(outcome.page.digest)}
    needs |= {str(report.digest) for report in outcome.reports.values()}
    entry = {"outcome": outcome.model_dump(mode="json"), "needs": sorted(needs)}
    history = Registry(bucket).history(outcome.use_case)
    against = history.versions[outcome.against] if outcome.against else None
    bucket.memo.remember(STAGE, _key(bucket, outcome.question, against), entry)


def _key(bucket: Bucket, question: Digest, against: Version | None) -> Digest:
    made_of: dict[str, Any] = {"question": str(question), "against": None}
    if against:
        theirs = code_of(*modules_of(bucket, against))
        made_of |= {"against": against.number, "code": theirs.as_json()}
    return Digest.of(canonical.dump(made_of))


def _is_told(history: History, outcome: Outcome) -> bool:
    """Whether the journal has what the answer tells of."""
    if outcome.model is None:
        return any(
            entry.kind == STOPPED and entry.body["question"] == str(outcome.question)
            for entry in history.entries
        )
    version = history.versions.get(int(outcome.model.partition("@")[2]))
    return version is not None and version.digest == outcome.digest


def _as_of(history: History, outcome: Outcome) -> Outcome:
    """The answer as it stands today: nothing was done for it, and a champion may have changed."""
    champion = history.champion
    return outcome.model_copy(
        update={
            "steps": [StepTaken(name=s.name, cached=True, seconds=0.0) for s in outcome.steps],
            "gates": in_order(outcome.gates),
            "reports": in_order(outcome.reports),
            "champion": champion is not None and champion.name == outcome.model,
        }
    )
