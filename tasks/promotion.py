"""Tell a person what they are asked: whether a version shall become champion."""

from prefect.logging import get_run_logger

from assay.bucket.open import open_bucket
from assay.registry.decisions import approval_form
from assay.registry.decisions.justification import Justification
from assay.render.dashboard import artifact_key
from assay.render.journal_text import entry_sentence
from assay.tasks.stage import stage
from assay.util.clock import parse_timestamp


@stage(name="ask")
def promotion_question(reference: str, store: str, as_of: str | None) -> str:
    """The question in Markdown. Fails where no answer on the dashboard could be of use."""
    asked = approval_form.approval_question(
        open_bucket(store).require_existing(), reference, parse_timestamp(as_of)
    )
    shown = artifact_key(reference.partition("@")[0], "history")
    return f"{asked} [What became of it so far](/artifacts/key/{shown})."


@stage(name="decide")
def decide_promotion(reference: str, store: str, justification: Justification, yes: bool) -> str:
    """What came of it, in words. Fails where the person may not answer."""
    entry = approval_form.apply_answer(
        open_bucket(store).require_existing(), reference, justification, yes=yes
    )
    model = reference.partition("@")[0]
    told = entry_sentence(model, entry) if entry else f"{reference} is champion already"
    get_run_logger().info(told)
    return told
