"""Ask a person whether a version shall become champion, and carry out the answer."""

from prefect.logging import get_run_logger

from assay.registry.decisions import approval_form
from assay.registry.decisions.justification import Justification
from assay.registry.open import open_bucket
from assay.render.dashboard import artifact_key
from assay.render.journal_text import entry_sentence
from assay.tasks.stage import stage
from assay.util.clock import parse_timestamp


@stage(name="ask")
def promotion_question(reference: str, store: str, as_of: str | None) -> str:
    """The question in Markdown. Fails if no answer on the dashboard could decide it."""
    question = approval_form.approval_question(
        open_bucket(store).require_existing(), reference, parse_timestamp(as_of)
    )
    key = artifact_key(reference.partition("@")[0], "history")
    return f"{question} [Its history so far](/artifacts/key/{key})."


@stage(name="decide")
def decide_promotion(reference: str, store: str, justification: Justification, yes: bool) -> str:
    """Carry out the answer and describe the result. Fails if the person may not answer."""
    entry = approval_form.apply_answer(
        open_bucket(store).require_existing(), reference, justification, yes=yes
    )
    model = reference.partition("@")[0]
    result = entry_sentence(model, entry) if entry else f"{reference} is champion already"
    get_run_logger().info(result)
    return result
