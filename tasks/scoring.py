"""See which batches came, and fix the version that scores them."""

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
from assay.production.scoring.sinks import write_delivery as write
from assay.registry.batch_ledger import BatchClaim, BatchLedger, RefusedBatch, ScoredBatch
from assay.registry.history import CHALLENGER, Version
from assay.runs.run import Run
from assay.tasks.stage import stage
from assay.util.wording import format_count


@dataclass(frozen=True)
class ScoringPlan:
    """What a run of the score flow is about. `shadow_version`: the challenger that is to score unseen;
    `shadow_scorer`: the same ready to do so, if it can be.
    """

    scorer: LoadedVersion
    shadow_version: Version | None
    shadow_scorer: LoadedVersion | None
    prior_scores: PriorScores
    batches: list[IncomingBatch]

    @property
    def expected_challenger(self) -> int | None:
        """By its number, for the ledger."""
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
) -> ScoringPlan:
    """Whatever is promoted or retired from now on, this version scores all of them."""
    bucket, written, log = run.bucket, run.loaded, get_run_logger()
    batches = (
        [batch_from_stream(files[0], form, stream)]
        if stream
        else list_batches(written, files, form)
    )
    by = LoadedVersion.load(bucket, written, resolve_reference(bucket, run.name, model), as_of)
    log.info(f"{format_count(len(batches), 'batch')} for {by.version.name}")
    beside, asked = None, shadow_challenger(bucket, written, by.version)
    if asked is not None:
        try:
            beside = LoadedVersion.load(bucket, written, f"{run.name}@{CHALLENGER}", as_of)
            asked = beside.version  # the alias may have been moved meanwhile
        except AssayError as error:  # what is wrong with it is no reason not to serve
            log.warning(f"{asked.name} cannot score beside it: {error.what}")
    before = PriorScores.from_ledger(bucket, by.version, for_named_version=model is not None)
    return ScoringPlan(by, asked, beside, before, batches)


@stage(name="claim", task_run_name="claim {answers.name}")
def claim_batch(run: Run, answers: BatchClaim, void: frozenset[int]) -> BatchClaim | None:
    """The answers that are to be delivered: these, or those of whoever began with the batch before.
    None if it was served meanwhile.
    """
    _ = Delivery.from_claim(
        run.bucket, run.loaded.use_case, answers
    ).schema  # what cannot be is not begun
    found, log = BatchLedger(run.bucket, run.name).claim(answers, void), get_run_logger()
    if found is None:
        log.info(f"{answers.name} was served by another at the same time")
    elif found.version != answers.version:
        log.info(f"{answers.name} was begun by version {found.version}, whose answers stand")
    return found


@stage(name="deliver", task_run_name="deliver {answers.name}")
def deliver_batch(run: Run, answers: BatchClaim, sink: Sink) -> str:
    """Where the answers are now. Delivering again changes nothing."""
    place = write(Delivery.from_claim(run.bucket, run.loaded.use_case, answers), sink)
    get_run_logger().info(f"{answers.name} is at {place}")
    return place


BATCH_SCORED_EVENT = "assay.batch.scored"


_BATCH_SCORED_NAMESPACE = uuid.UUID(
    "0b0c8f0e-61c5-5c0a-8f57-5f5a3f1f9d11"
)  # makes ids of events, and means nothing


@stage(name="record", task_run_name="record {entry.name}")
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


@stage(name="refuse", task_run_name="refuse {batch.name}")
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
