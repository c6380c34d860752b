"""Tell a person what they are asked: whether a version shall become champion."""

from assay.bucket import Bucket
from assay.decisions import asking
from assay.moments import moment
from tasks.stage import stage


@stage
def ask(reference: str, store: str, as_of: str | None) -> str:
    """The question in Markdown. Fails where no answer on the dashboard could be of use."""
    return asking.question(Bucket.open(store).existing(), reference, moment(as_of))
