"""Plan a backfill."""

from datetime import datetime

from prefect.logging import get_run_logger

from assay.production.backfill.backfill_plan import BackfillPlan, BackfillRequest, plan_backfill
from assay.runs.run import Run
from assay.tasks.stage import stage
from assay.util.wording import format_count


@stage(name="plan_backfill")
def plan_past_days(run: Run, request: BackfillRequest, now: datetime) -> BackfillPlan:
    """What is to be done for the past days, by what the bucket holds now."""
    plan = plan_backfill(run.bucket, run.loaded, request, now)
    batches, looks = format_count(plan.batches, "batch"), format_count(plan.looks, "look")
    get_run_logger().info(f"{batches} to score and {looks} to take, dated by {plan.dated_by}")
    return plan
