"""Tell a person what they are asked: whether a version shall become champion."""

from assay.bucket import Bucket
from assay.decisions import asking
from assay.moments import parse_timestamp
from assay.render.records import artifact_key
from assay.tasks.stage import stage


@stage
def promotion_question(reference: str, store: str, as_of: str | None) -> str:
    """The question in Markdown. Fails where no answer on the dashboard could be of use."""
    asked = asking.approval_question(
        Bucket.open(store).require_existing(), reference, parse_timestamp(as_of)
    )
    shown = artifact_key(reference.partition("@")[0], "history")
    return f"{asked} [What became of it so far](/artifacts/key/{shown})."
