"""Ask a person whether a version shall become champion, and carry out the answer."""

import os

from prefect.logging import get_run_logger

from assay.registry.decisions import approval_form
from assay.registry.decisions.justification import Justification
from assay.registry.open import open_bucket
from assay.render.dashboard import artifact_key
from assay.render.journal_text import entry_sentence
from assay.runs.comparison.approval_brief import brief_decision
from assay.tasks.stage import stage
from assay.util.clock import parse_timestamp


@stage(name="ask")
def promotion_question(reference: str, store: str, as_of: str | None) -> str:
    """The question in Markdown. Fails if no answer on the dashboard could decide it."""
    bucket = open_bucket(store).require_existing()
    terms = approval_form.approval_question(bucket, reference, parse_timestamp(as_of))
    brief = brief_decision(bucket, reference, pages=os.environ.get("ASSAY_PAGES", ""))
    key = artifact_key(reference.partition("@")[0], "history")
    return f"{brief.markdown()}\n\n{terms} [Its history so far](/artifacts/key/{key})."


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
