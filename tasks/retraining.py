"""Begin a retraining in the journal if the policy allows it, and finish it there."""

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
    """Begin or resume a retraining, or say why it is declined."""
    report = Digest.parse(evidence) if evidence else None
    request = RetrainingRequest(
        requester, because, as_of, BatchLedger(run.bucket, run.name).read().length, report
    )
    case = run.loaded.use_case
    shadow_reason = unfinished_shadow_reason(run.bucket, case)
    attempt = open_retraining(run.bucket, run.name, request, case.retrain, shadow_reason)
    if isinstance(attempt, DeclinedRetraining):
        get_run_logger().warning(f"not retrained: {attempt.reason}")
    else:
        get_run_logger().info(f"attempt {attempt.attempt}: {because}")
    return attempt


@stage(name="finish")
def finish_retraining(run: Run, attempt: RetrainingAttempt, result: RunOutcome | DataError) -> None:
    """Close a retraining. One that was never closed is resumed, or begun again."""
    if isinstance(result, DataError):
        close_retraining(run.bucket, run.name, attempt, FAILED, because=result.what)
        return
    version = int(result.model.partition("@")[2]) if result.model else None
    close_retraining(run.bucket, run.name, attempt, result.outcome, version=version)
