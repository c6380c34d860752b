"""End a run whose data cannot bear it, and leave the reasons in the journal."""

from prefect.logging import get_run_logger

from assay import conclude, plan
from assay.runs import Outcome, Run
from assay.steps import Step
from assay.tasks.stage import stage


@stage
def stop(run: Run, groundwork: list[Step]) -> Outcome:
    """`groundwork` ends with the gate that said no."""
    plan.end()
    outcome = conclude.stop(run, groundwork)
    get_run_logger().warning(f"stopped: {'; '.join(outcome.reasons)}")
    return outcome
