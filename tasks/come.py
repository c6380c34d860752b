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
from tasks.stage import stage


@dataclass(frozen=True)
class Came:
    """What a run of the score flow is about. `beside`: the challenger that scores unseen."""

    by: Loaded
    beside: Loaded | None
    before: Before
    batches: list[Arrival]


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
    beside, reference = None, shadow(bucket, written, by.version)
    if reference is not None:
        try:
            beside = Loaded.of(bucket, written, reference, now)
        except AssayError as error:  # what is wrong with it is no reason not to serve
            log.warning(f"{reference} cannot score beside it: {error.what}")
    return Came(by, beside, Before.of(bucket, by.version, again=model is not None), batches)
