"""See what there is to look at."""

from assay import moments
from assay.living.looks import Look, next_look
from assay.runs import Run
from assay.tasks.stage import stage


@stage
def plan_look(run: Run, as_of: str) -> Look:
    """The champion, and all that came since it was last looked at."""
    case = run.loaded.use_case
    return next_look(run.bucket, run.name, case.monitor, moments.parse_timestamp(as_of))
