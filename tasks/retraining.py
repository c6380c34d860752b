"""Ask the journal whether a model is to be trained anew, and begin it there."""

from datetime import datetime

from prefect.logging import get_run_logger

from assay.bucket.digest import Digest
from assay.errors import DataError
from assay.production.retraining.policy import (
    FAILED,
    DeclinedRetraining,
    RetrainingAttempt,
    RetrainingRequest,
    RetrainingTrigger,
    close_retraining,
    open_retraining,
)
from assay.production.shadow.comparison import unfinished_shadow_reason
from assay.registry.batch_ledger import BatchLedger
from assay.runs.outcome import RunOutcome
from assay.runs.run import Run
from assay.tasks.stage import stage


@stage(name="begin_again")
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


@stage(name="finish")
def finish_retraining(run: Run, begun: RetrainingAttempt, result: RunOutcome | DataError) -> None:
    """The last that a retraining does: one that did not is gone on with, or begun anew."""
    if isinstance(result, DataError):
        close_retraining(run.bucket, run.name, begun, FAILED, because=result.what)
        return
    version = int(result.model.partition("@")[2]) if result.model else None
    close_retraining(run.bucket, run.name, begun, result.outcome, version=version)
