"""Write into the journal what a retraining came to."""

from assay.errors import DataError
from assay.living.retraining import FAILED, Begun, end
from assay.runs import Outcome, Run
from assay.tasks.stage import stage


@stage
def finish(run: Run, begun: Begun, came: Outcome | DataError) -> None:
    """The last that a retraining does: one that did not is gone on with, or begun anew."""
    if isinstance(came, DataError):
        end(run.bucket, run.name, begun, FAILED, because=came.what)
        return
    version = int(came.model.partition("@")[2]) if came.model else None
    end(run.bucket, run.name, begun, came.outcome, version=version)
