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


@stage
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
