"""See which batches came, and fix the version that scores them."""

from dataclasses import dataclass
from datetime import datetime

from prefect.logging import get_run_logger

from assay.config.data import FileFormat
from assay.errors import AssayError
from assay.evidence.amounts import format_count
from assay.living.arrivals import IncomingBatch, batch_from_stream, list_batches
from assay.living.serving import LoadedVersion, PriorScores, resolve_reference, shadow_challenger
from assay.runs import Run
from assay.tasks.stage import stage
from assay.versions import CHALLENGER, Version


@dataclass(frozen=True)
class ScoringPlan:
    """What a run of the score flow is about. `asked`: the challenger that is to score unseen;
    `beside`: the same ready to do so, if it can be.
    """

    by: LoadedVersion
    asked: Version | None
    beside: LoadedVersion | None
    before: PriorScores
    batches: list[IncomingBatch]

    @property
    def challenger(self) -> int | None:
        """By its number, for the ledger."""
        return self.asked.number if self.asked else None


@stage
def plan_scoring(
    run: Run,
    now: datetime,
    *,
    files: tuple[str, ...],
    model: str | None,
    form: FileFormat | None,
    stream: str | None,
) -> ScoringPlan:
    """Whatever is promoted or retired from now on, this version scores all of them."""
    bucket, written, log = run.bucket, run.written, get_run_logger()
    batches = (
        [batch_from_stream(files[0], form, stream)]
        if stream
        else list_batches(written, files, form)
    )
    by = LoadedVersion.of(bucket, written, resolve_reference(bucket, run.name, model), now)
    log.info(f"{format_count(len(batches), 'batch')} for {by.version.name}")
    beside, asked = None, shadow_challenger(bucket, written, by.version)
    if asked is not None:
        try:
            beside = LoadedVersion.of(bucket, written, f"{run.name}@{CHALLENGER}", now)
            asked = beside.version  # the alias may have been moved meanwhile
        except AssayError as error:  # what is wrong with it is no reason not to serve
            log.warning(f"{asked.name} cannot score beside it: {error.what}")
    before = PriorScores.of(bucket, by.version, again=model is not None)
    return ScoringPlan(by, asked, beside, before, batches)
