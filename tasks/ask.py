"""Tell a person what they are asked: whether a version shall become champion."""

from assay.bucket import Bucket
from assay.decisions import asking
from assay.moments import moment
from assay.render.records import key
from assay.tasks.stage import stage


@stage
def ask(reference: str, store: str, as_of: str | None) -> str:
    """The question in Markdown. Fails where no answer on the dashboard could be of use."""
    asked = asking.question(Bucket.open(store).existing(), reference, moment(as_of))
    shown = key(reference.partition("@")[0], "history")
    return f"{asked} [What became of it so far](/artifacts/key/{shown})."
