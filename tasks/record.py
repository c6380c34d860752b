"""Write into the ledger what became of a batch, once, and say so to whoever listens."""

import uuid

from prefect.events import emit_event
from prefect.logging import get_run_logger

from assay.batches import BatchLedger, RefusedBatch, ScoredBatch
from assay.errors import AssayError
from assay.living.arrivals import IncomingBatch
from assay.living.outcomes import BatchOutcome
from assay.runs import Run
from assay.tasks.stage import stage

BATCH_SCORED_EVENT = "assay.batch.scored"
_BATCH_SCORED_NAMESPACE = uuid.UUID(
    "0b0c8f0e-61c5-5c0a-8f57-5f5a3f1f9d11"
)  # makes ids of events, and means nothing


@stage(task_run_name="record {entry.name}")
def record_batch(
    run: Run, entry: ScoredBatch, void: frozenset[int] = frozenset(), *, again: bool = False
) -> bool:
    """False if the ledger has it already (see `Ledger.add_scored`). Of a batch that was served, an
    event tells.
    """
    added = BatchLedger(run.bucket, run.name).add_scored(entry, void, allow_repeat=again)
    if not added:
        get_run_logger().info(f"{entry.name} was recorded by another at the same time")
    elif entry.role == "served":
        _emit_batch_scored(run, entry)
    return added


@stage(task_run_name="refuse {batch.name}")
def refuse_batch(
    run: Run, batch: IncomingBatch, source: str | None, error: AssayError, as_of: str
) -> BatchOutcome:
    """A batch that cannot be scored as a whole, and why."""
    found = BatchOutcome.from_error(batch.name, "refused", error)
    entry = RefusedBatch(
        name=batch.name,
        source=None if batch.is_transient else source,
        as_of=as_of,
        why=str(found.why),
        remedy=found.remedy,
    )
    BatchLedger(run.bucket, run.name).add_refusal(entry)
    get_run_logger().error(f"{batch.name} refused: {found.why}")
    return found


def _emit_batch_scored(run: Run, entry: ScoredBatch) -> None:
    """By a thread of the process, which whoever ends the process lets drain."""
    emit_event(
        event=BATCH_SCORED_EVENT,
        resource={
            "prefect.resource.id": f"assay.model.{run.name}",
            "prefect.resource.name": run.name,
        },
        payload={"batch": str(entry.batch_digest), "rows": entry.rows, "version": entry.version},
        id=uuid.uuid5(_BATCH_SCORED_NAMESPACE, f"{run.name} {entry.batch_digest} {entry.version}"),
    )
