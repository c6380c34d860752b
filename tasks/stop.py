"""End a run whose data cannot bear it, and leave the reasons in the journal."""

from prefect.logging import get_run_logger

from assay import conclude, plan
from assay.runs import Run, RunOutcome
from assay.steps import Step
from assay.tasks.stage import stage


@stage
def record_stop(run: Run, groundwork: list[Step]) -> RunOutcome:
    """`groundwork` ends with the gate that said no."""
    plan.end_plan()
    outcome = conclude.conclude_stopped_run(run, groundwork)
    get_run_logger().warning(f"stopped: {'; '.join(outcome.reasons)}")
    return outcome
