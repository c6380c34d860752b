"""Say to whoever listens that a model should be trained anew."""

import uuid

from prefect.events import emit_event
from prefect.events.worker import EventsWorker
from prefect.logging import get_run_logger

from assay import moments
from assay.digest import Digest
from assay.living.looks import PastLook
from assay.living.retraining import RetrainingRequest, reason_to_decline
from assay.living.shadows import unfinished_shadow_reason
from assay.runs import Run
from assay.tasks.stage import stage

RETRAIN_WANTED_EVENT = "assay.retrain.wanted"
_RETRAIN_WANTED_NAMESPACE = uuid.UUID(
    "6d4b0f3e-6f0b-5d36-9a51-0f5b2d6f2f2a"
)  # makes ids of events, and means nothing
_EVENT_TIMEOUT = 10.0  # seconds that a server may take to hear it


@stage
def request_retraining(run: Run, last_look: PastLook, now: str) -> bool:
    """Emit the event for a look that nothing came of: once in any case, and again when a retraining
    could begin: it could not before, or nobody heard of it. False if it was not emitted.
    """
    evidence, memo = last_look.report.digest, run.bucket.memo
    key = Digest.of_bytes(f"{RETRAIN_WANTED_EVENT} {run.name} {evidence}".encode())
    if memo.find("wanted", key) is not None and not _would_begin_or_ask(run, last_look, now):
        return False
    because = last_look.main_reason
    emit_event(
        event=RETRAIN_WANTED_EVENT,
        resource={
            "prefect.resource.id": f"assay.model.{run.name}",
            "prefect.resource.name": run.name,
        },
        payload={"why": because, "evidence": str(evidence), "verdict": last_look.verdict},
        id=uuid.uuid5(
            _RETRAIN_WANTED_NAMESPACE, f"{key} {now}"
        ),  # servers pass over one that they have seen
    )
    EventsWorker.drain_all(timeout=_EVENT_TIMEOUT)  # a process that ends now would take it along
    memo.remember(
        "wanted", key, {"event": RETRAIN_WANTED_EVENT, "evidence": str(evidence), "needs": []}
    )
    get_run_logger().warning(f"retraining wanted: {because}")
    return True


def _would_begin_or_ask(run: Run, last_look: PastLook, now: str) -> bool:
    """Whether a retraining would begin, or a person be asked."""
    case, entries = run.loaded.use_case, run.bucket.journal(run.name).entries()
    asked = RetrainingRequest(
        "monitor",
        last_look.main_reason,
        moments.parse_timestamp(now),
        last_look.upto,
        evidence=last_look.report.digest,
    )
    found = reason_to_decline(
        entries, asked, case.retrain, unfinished_shadow_reason(run.bucket, case)
    )
    return found is None or found.needs_person
