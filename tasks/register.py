"""Write into the journal what became of each candidate, with all the evidence."""

from collections.abc import Sequence

from prefect.logging import get_run_logger

from assay import conclude, plan
from assay.runs import Run, RunOutcome
from assay.steps import Step
from assay.tasks.stage import stage


@stage
def record_candidates(
    run: Run, groundwork: list[Step], candidate_steps: Sequence[tuple[Step, ...]]
) -> RunOutcome:
    """`candidate_steps`: each candidate's train step and then its gates', in the order tried."""
    plan.end_plan()
    outcome = conclude.conclude_judged_run(run, groundwork, candidate_steps)
    for one in outcome.judged:
        get_run_logger().info(f"{one.model} {one.status}: {one.candidate}")
    return outcome
