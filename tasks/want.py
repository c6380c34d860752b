"""Say to whoever listens that a model should be trained anew."""

import uuid

from prefect.events import emit_event
from prefect.events.worker import EventsWorker
from prefect.logging import get_run_logger

from assay import moments
from assay.digest import Digest
from assay.living.looks import Past
from assay.living.retraining import Asked, declined
from assay.living.shadows import unfinished
from assay.runs import Run
from assay.tasks.stage import stage

EVENT = "assay.retrain.wanted"
_OURS = uuid.UUID("6d4b0f3e-6f0b-5d36-9a51-0f5b2d6f2f2a")  # makes ids of events, and means nothing
_PATIENCE = 10.0  # seconds that a server may take to hear it


@stage
def want(run: Run, past: Past, now: str) -> bool:
    """Emit the event for a look that nothing came of: once in any case, and again when a retraining
    could begin: it could not before, or nobody heard of it. False if it was not emitted.
    """
    evidence, memo = past.report.digest, run.bucket.memo
    key = Digest.of(f"{EVENT} {run.name} {evidence}".encode())
    if memo.find("wanted", key) is not None and not _of_use(run, past, now):
        return False
    because = past.because
    emit_event(
        event=EVENT,
        resource={
            "prefect.resource.id": f"assay.model.{run.name}",
            "prefect.resource.name": run.name,
        },
        payload={"why": because, "evidence": str(evidence), "verdict": past.verdict},
        id=uuid.uuid5(_OURS, f"{key} {now}"),  # servers pass over one that they have seen
    )
    EventsWorker.drain_all(timeout=_PATIENCE)  # a process that ends now would take it along
    memo.remember("wanted", key, {"event": EVENT, "evidence": str(evidence), "needs": []})
    get_run_logger().warning(f"retraining wanted: {because}")
    return True


def _of_use(run: Run, past: Past, now: str) -> bool:
    """Whether a retraining would begin, or a person be asked."""
    case, entries = run.written.use_case, run.bucket.journal(run.name).entries()
    asked = Asked(
        "monitor", past.because, moments.moment(now), past.upto, evidence=past.report.digest
    )
    found = declined(entries, asked, case.retrain, unfinished(run.bucket, case))
    return found is None or found.asks
