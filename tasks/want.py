"""Say to whoever listens that a model should be trained anew."""

import uuid

from prefect.events import emit_event
from prefect.events.worker import EventsWorker
from prefect.logging import get_run_logger

from assay.digest import Digest
from assay.living.looks import Past
from assay.runs import Run
from tasks.stage import stage

EVENT = "assay.retrain.wanted"
_OURS = uuid.UUID("6d4b0f3e-6f0b-5d36-9a51-0f5b2d6f2f2a")  # makes ids of events, and means nothing
_PATIENCE = 10.0  # seconds that a server may take to hear it


@stage
def want(run: Run, past: Past) -> bool:
    """Emit the event for a look's evidence, once: False if that was done. A monitor that was
    killed between entry and event makes up for it the next time.
    """
    evidence, memo = past.report.digest, run.bucket.memo
    key = Digest.of(f"{EVENT} {run.name} {evidence}".encode())
    if memo.find("wanted", key) is not None:
        return False
    because = past.because
    emit_event(
        event=EVENT,
        resource={
            "prefect.resource.id": f"assay.model.{run.name}",
            "prefect.resource.name": run.name,
        },
        payload={"why": because, "evidence": str(evidence), "verdict": past.verdict},
        id=uuid.uuid5(_OURS, str(key)),
    )
    EventsWorker.drain_all(timeout=_PATIENCE)  # a process that ends now would take it along
    memo.remember("wanted", key, {"event": EVENT, "evidence": str(evidence), "needs": []})
    get_run_logger().warning(f"retraining wanted: {because}")
    return True
