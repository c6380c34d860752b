"""Ask the journal whether a model is to be trained anew, and begin it there."""

from datetime import datetime

from prefect.logging import get_run_logger

from assay.batches import Ledger
from assay.digest import Digest
from assay.living.retraining import Asked, Begun, Declined, Wanted, begin
from assay.living.shadows import unfinished
from assay.runs import Run
from assay.tasks.stage import stage


@stage
def begin_again(
    run: Run, by: Wanted, because: str, as_of: datetime, evidence: str | None
) -> Begun | Declined:
    """The retraining that may go on, or why there is none."""
    seen = Digest.parse(evidence) if evidence else None
    asked = Asked(by, because, as_of, Ledger(run.bucket, run.name).read().length, seen)
    case = run.written.use_case
    waits = unfinished(run.bucket, case)
    found = begin(run.bucket, run.name, asked, case.retrain, waits)
    if isinstance(found, Declined):
        get_run_logger().warning(f"not trained anew: {found.why}")
    else:
        get_run_logger().info(f"attempt {found.attempt}: {because}")
    return found
