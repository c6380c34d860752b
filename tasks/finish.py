"""Write into the journal what a retraining came to."""

from assay.errors import DataError
from assay.living.retraining import FAILED, RetrainingAttempt, close_retraining
from assay.runs import Run, RunOutcome
from assay.tasks.stage import stage


@stage
def finish_retraining(run: Run, begun: RetrainingAttempt, result: RunOutcome | DataError) -> None:
    """The last that a retraining does: one that did not is gone on with, or begun anew."""
    if isinstance(result, DataError):
        close_retraining(run.bucket, run.name, begun, FAILED, because=result.what)
        return
    version = int(result.model.partition("@")[2]) if result.model else None
    close_retraining(run.bucket, run.name, begun, result.outcome, version=version)
