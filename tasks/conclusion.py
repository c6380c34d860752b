"""End a run whose data cannot bear it, and leave the reasons in the journal."""

from collections.abc import Sequence

from prefect.logging import get_run_logger

from assay.runs import conclusion
from assay.runs.outcome import RunOutcome
from assay.runs.run import Run
from assay.steps import plan
from assay.steps.step import Step
from assay.tasks.stage import stage


@stage(name="stop")
def record_stop(run: Run, groundwork: list[Step]) -> RunOutcome:
    """`groundwork` ends with the gate that said no."""
    plan.end_plan()
    outcome = conclusion.conclude_stopped_run(run, groundwork)
    get_run_logger().warning(f"stopped: {'; '.join(outcome.reasons)}")
    return outcome


@stage(name="register")
def record_candidates(
    run: Run, groundwork: list[Step], candidate_steps: Sequence[tuple[Step, ...]]
) -> RunOutcome:
    """`candidate_steps`: each candidate's train step and then its gates', in the order tried."""
    plan.end_plan()
    outcome = conclusion.conclude_judged_run(run, groundwork, candidate_steps)
    for one in outcome.judged:
        get_run_logger().info(f"{one.model} {one.status}: {one.candidate}")
    return outcome
