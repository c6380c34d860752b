"""Order the candidates by what they showed in cross-validation, the best first."""

from prefect.logging import get_run_logger

from assay.config.gates import LOWER_IS_BETTER
from assay.runs import Run
from assay.steps import Step
from tasks.stage import stage


@stage
def rank(run: Run, trained: list[Step]) -> list[Step]:
    """The test rows have no say here. Ties keep the use case's order."""
    metric = run.written.use_case.performance.choose_by
    sign = 1 if metric in LOWER_IS_BETTER else -1
    about = {step.name: run.bucket.get_json(step["about"]) for step in trained}
    order = sorted(trained, key=lambda step: sign * about[step.name]["cross_validated"])
    for step in order:
        shown = about[step.name]
        get_run_logger().info(
            f"{shown['candidate']}: {metric} {shown['cross_validated']:.4f} in cross-validation"
        )
    return order
