"""End a run: record why it stopped, or register its candidates."""

from collections.abc import Sequence

from prefect.logging import get_run_logger

from assay.bucket.artifacts import Artifact
from assay.registry.decisions.card_words import describe_card_gaps
from assay.runs import conclusion
from assay.runs.conclusion import CandidateSteps
from assay.runs.outcome import RunOutcome
from assay.runs.run import Run
from assay.steps import plan
from assay.steps.step import Step
from assay.tasks.stage import stage
from assay.util.progress import EVENT_TOLD


@stage(name="stop")
def record_stop(
    run: Run, table: Artifact, earlier_steps: Sequence[Step], failed_step: Step
) -> RunOutcome:
    """Record that the gate of `failed_step` stopped the run of `table`."""
    plan.end_plan()
    outcome = conclusion.conclude_stopped_run(run, table, earlier_steps, failed_step)
    get_run_logger().warning(f"stopped: {'; '.join(outcome.reasons)}", extra=EVENT_TOLD)
    return outcome


@stage(name="register")
def record_candidates(
    run: Run,
    table: Artifact,
    shared_steps: Sequence[Step],
    ranking_step: Step,
    candidates: Sequence[CandidateSteps],
) -> RunOutcome:
    """Register the judged candidates of `table`, in the order in which they were tried."""
    plan.end_plan()
    outcome = conclusion.conclude_judged_run(run, table, shared_steps, ranking_step, candidates)
    for one in outcome.judged:
        get_run_logger().info(f"{one.model} {one.status}: {one.candidate}")
    gaps = describe_card_gaps(run.loaded.use_case.card)
    if outcome.champion and gaps:
        get_run_logger().warning(f"{outcome.model}: {gaps}", extra=EVENT_TOLD)
    return outcome
