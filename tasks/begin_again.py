"""Ask the journal whether a model is to be trained anew, and begin it there."""

from datetime import datetime

from prefect.logging import get_run_logger

from assay.batches import BatchLedger
from assay.digest import Digest
from assay.living.retraining import (
    DeclinedRetraining,
    RetrainingAttempt,
    RetrainingRequest,
    RetrainingTrigger,
    open_retraining,
)
from assay.living.shadows import unfinished_shadow_reason
from assay.runs import Run
from assay.tasks.stage import stage


@stage
def begin_retraining(
    run: Run, requester: RetrainingTrigger, because: str, as_of: datetime, evidence: str | None
) -> RetrainingAttempt | DeclinedRetraining:
    """The retraining that may go on, or why there is none."""
    seen = Digest.parse(evidence) if evidence else None
    asked = RetrainingRequest(
        requester, because, as_of, BatchLedger(run.bucket, run.name).read().length, seen
    )
    case = run.loaded.use_case
    waits = unfinished_shadow_reason(run.bucket, case)
    found = open_retraining(run.bucket, run.name, asked, case.retrain, waits)
    if isinstance(found, DeclinedRetraining):
        get_run_logger().warning(f"not trained anew: {found.reason}")
    else:
        get_run_logger().info(f"attempt {found.attempt}: {because}")
    return found
