"""See which batches came, and fix the version that scores them."""

from dataclasses import dataclass
from datetime import datetime

from prefect.logging import get_run_logger

from assay.config.data import Format
from assay.errors import AssayError
from assay.evidence.amounts import some
from assay.living.arrivals import Arrival, arrivals, stretch
from assay.living.serving import Before, Loaded, shadow, wanted
from assay.runs import Run
from assay.tasks.stage import stage
from assay.versions import CHALLENGER, Version


@dataclass(frozen=True)
class Came:
    """What a run of the score flow is about. `asked`: the challenger that is to score unseen;
    `beside`: the same ready to do so, if it can be.
    """

    by: Loaded
    asked: Version | None
    beside: Loaded | None
    before: Before
    batches: list[Arrival]

    @property
    def challenger(self) -> int | None:
        """By its number, for the ledger."""
        return self.asked.number if self.asked else None


@stage
def come(
    run: Run,
    now: datetime,
    *,
    files: tuple[str, ...],
    model: str | None,
    form: Format | None,
    stream: str | None,
) -> Came:
    """Whatever is promoted or retired from now on, this version scores all of them."""
    bucket, written, log = run.bucket, run.written, get_run_logger()
    batches = [stretch(files[0], form, stream)] if stream else arrivals(written, files, form)
    by = Loaded.of(bucket, written, wanted(bucket, run.name, model), now)
    log.info(f"{some(len(batches), 'batch')} for {by.version.name}")
    beside, asked = None, shadow(bucket, written, by.version)
    if asked is not None:
        try:
            beside = Loaded.of(bucket, written, f"{run.name}@{CHALLENGER}", now)
            asked = beside.version  # the alias may have been moved meanwhile
        except AssayError as error:  # what is wrong with it is no reason not to serve
            log.warning(f"{asked.name} cannot score beside it: {error.what}")
    before = Before.of(bucket, by.version, again=model is not None)
    return Came(by, asked, beside, before, batches)
