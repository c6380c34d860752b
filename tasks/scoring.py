"""Plan which batches a version scores; claim, deliver, record or refuse a batch."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from prefect.events import emit_event
from prefect.logging import get_run_logger

from assay.config.data import FileFormat
from assay.config.production import Sink
from assay.errors import AssayError
from assay.production.scoring.delivery import Delivery
from assay.production.scoring.incoming_batch import IncomingBatch, batch_from_stream, list_batches
from assay.production.scoring.loaded_version import (
    LoadedVersion,
    PriorScores,
    resolve_reference,
    shadow_challenger,
)
from assay.production.scoring.outcome import BatchOutcome
from assay.production.scoring.sinks import write_delivery
from assay.registry.batch_ledger import BatchClaim, BatchLedger, RefusedBatch, ScoredBatch
from assay.registry.history import CHALLENGER, Version
from assay.runs.run import Run
from assay.tasks.stage import stage
from assay.util.wording import format_count


@dataclass(frozen=True)
class ScoringPlan:
    """What a run of the score flow is about.

    `shadow_version` is the challenger that should score in shadow. `shadow_scorer` is the same
    version, loaded; None if it cannot be loaded.
    """

    scorer: LoadedVersion
    shadow_version: Version | None
    shadow_scorer: LoadedVersion | None
    prior_scores: PriorScores
    batches: list[IncomingBatch]

    @property
    def expected_challenger(self) -> int | None:
        """The number of the challenger that should score in shadow, for the ledger."""
        return self.shadow_version.number if self.shadow_version else None


@stage(name="come")
def plan_scoring(
    run: Run,
    as_of: datetime,
    *,
    files: tuple[str, ...],
    model: str | None,
    form: FileFormat | None,
    stream: str | None,
    served_by: int | None = None,
) -> ScoringPlan:
    """List the batches and load the version that scores all of them, promotions or not.

    `model` is a version that a person named, for answers of its own beside those that count;
    `served_by` the number of one whose answers count, in the champion's place.
    """
    bucket, written, log = run.bucket, run.loaded, get_run_logger()
    batches = (
        [batch_from_stream(files[0], form, stream)]
        if stream
        else list_batches(written, files, form)
    )
    named = str(served_by) if served_by is not None else model
    scorer = LoadedVersion.load(bucket, written, resolve_reference(bucket, run.name, named), as_of)
    log.info(f"{format_count(len(batches), 'batch')} for {scorer.version.name}")
    shadow_scorer, challenger = None, shadow_challenger(bucket, written, scorer.version)
    if challenger is not None:
        try:
            shadow_scorer = LoadedVersion.load(bucket, written, f"{run.name}@{CHALLENGER}", as_of)
            challenger = shadow_scorer.version  # the alias may have moved meanwhile
        except AssayError as error:  # its faults must not stop the champion
            log.warning(f"{challenger.name} cannot score in shadow: {error.what}")
    prior = PriorScores.from_ledger(bucket, scorer.version, for_named_version=model is not None)
    return ScoringPlan(scorer, challenger, shadow_scorer, prior, batches)


@stage(name="claim", task_run_name="claim {answers.name}")
def claim_batch(run: Run, answers: BatchClaim, void: frozenset[int]) -> BatchClaim | None:
    """The predictions to deliver: these, or those of an earlier claim. None if served meanwhile."""
    # Raises before the claim if they cannot be delivered.
    _ = Delivery.from_claim(run.bucket, run.loaded.use_case, answers).schema
    found, log = BatchLedger(run.bucket, run.name).claim(answers, void), get_run_logger()
    if found is None:
        log.info(f"another process served {answers.name} at the same time")
    elif found.version != answers.version:
        log.info(f"version {found.version} began {answers.name}, and its predictions count")
    return found


@stage(name="deliver", task_run_name="deliver {answers.name}")
def deliver_batch(run: Run, answers: BatchClaim, sink: Sink) -> str:
    """Deliver the predictions, and return where they are. A second delivery changes nothing."""
    place = write_delivery(Delivery.from_claim(run.bucket, run.loaded.use_case, answers), sink)
    get_run_logger().info(f"{answers.name} is at {place}")
    return place


BATCH_SCORED_EVENT = "assay.batch.scored"

_BATCH_SCORED_NAMESPACE = uuid.UUID("0b0c8f0e-61c5-5c0a-8f57-5f5a3f1f9d11")  # for event ids


@stage(name="record", task_run_name="record {entry.name}")
def record_batch(
    run: Run, entry: ScoredBatch, void: frozenset[int] = frozenset(), *, again: bool = False
) -> bool:
    """Append to the ledger, and emit an event if the batch was served.

    False if the ledger has the entry already (see `BatchLedger.add_scored`).
    """
    added = BatchLedger(run.bucket, run.name).add_scored(entry, void, allow_repeat=again)
    if not added:
        get_run_logger().info(f"another process recorded {entry.name} at the same time")
    elif entry.role == "served":
        _emit_batch_scored(run, entry)
    return added


@stage(name="refuse", task_run_name="refuse {batch.name}")
def refuse_batch(
    run: Run, batch: IncomingBatch, source: str | None, error: AssayError, as_of: str
) -> BatchOutcome:
    """Record that a batch cannot be scored as a whole, and why."""
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
    """Emit the event from a background thread, which the flow drains before it ends."""
    emit_event(
        event=BATCH_SCORED_EVENT,
        resource={
            "prefect.resource.id": f"assay.model.{run.name}",
            "prefect.resource.name": run.name,
        },
        payload={"batch": str(entry.batch_digest), "rows": entry.rows, "version": entry.version},
        id=uuid.uuid5(_BATCH_SCORED_NAMESPACE, f"{run.name} {entry.batch_digest} {entry.version}"),
    )
