"""See whether a challenger has answers in shadow that can be compared."""

from assay.living.shadows import Shadow, ahead
from assay.runs import Run
from assay.tasks.stage import stage


@stage
def beside(run: Run) -> Shadow | None:
    """The challenger, the champion and the batches of both; None where there are too few."""
    return ahead(run.bucket, run.written.use_case)
