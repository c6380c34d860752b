"""Do as a person answered: promote a version, or note why not."""

from prefect.logging import get_run_logger

from assay.bucket import Bucket
from assay.decisions import asking
from assay.decisions.said import Justification
from assay.render.story import entry_sentence
from assay.tasks.stage import stage


@stage
def decide_promotion(reference: str, store: str, justification: Justification, yes: bool) -> str:
    """What came of it, in words. Fails where the person may not answer."""
    entry = asking.apply_answer(
        Bucket.open(store).require_existing(), reference, justification, yes=yes
    )
    model = reference.partition("@")[0]
    told = entry_sentence(model, entry) if entry else f"{reference} is champion already"
    get_run_logger().info(told)
    return told
