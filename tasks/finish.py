"""Write into the journal what a retraining came to."""

from assay.errors import DataError
from assay.living.retraining import FAILED, RetrainingAttempt, close_retraining
from assay.runs import Run, RunOutcome
from assay.tasks.stage import stage


@stage
def finish_retraining(run: Run, begun: RetrainingAttempt, came: RunOutcome | DataError) -> None:
    """The last that a retraining does: one that did not is gone on with, or begun anew."""
    if isinstance(came, DataError):
        close_retraining(run.bucket, run.name, begun, FAILED, because=came.what)
        return
    version = int(came.model.partition("@")[2]) if came.model else None
    close_retraining(run.bucket, run.name, begun, came.outcome, version=version)
