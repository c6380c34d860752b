"""See whether a challenger has answers in shadow that can be compared."""

from assay.living.shadows import ShadowComparison, next_comparison
from assay.runs import Run
from assay.tasks.stage import stage


@stage
def plan_shadow_comparison(run: Run) -> ShadowComparison | None:
    """The challenger, the champion and the batches of both; None where there are too few."""
    return next_comparison(run.bucket, run.loaded.use_case)
