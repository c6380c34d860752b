"""A model card whose words changed after its version was registered."""

from __future__ import annotations

from assay.bucket import artifacts
from assay.bucket.bucket import Bucket
from assay.bucket.journal import JournalEntry
from assay.config.use_case import UseCase
from assay.gates.report import get_report
from assay.registry import authority
from assay.registry.decisions.card_words import card_words, record_description
from assay.registry.history import ModelHistory, Version
from assay.render.model_card import render_model_card


def renew_card(
    bucket: Bucket, use_case: UseCase, history: ModelHistory, version: Version
) -> JournalEntry | None:
    """Give a version the words of `use_case.card`, if they are others than it has; else None.

    `use_case` asks the question that the version answers: nothing else of the card may differ.
    Raises NotAllowed for somebody who may not train.
    """
    if card_words(bucket, history, version) == use_case.card:
        return None
    authority.authorize_training(bucket)
    body = version.entry.body
    reports = [get_report(bucket, report) for report in version.reports.values()]
    because = body["chosen"]["because"] if "chosen" in body else ""
    candidate = use_case.find_candidate(body["candidate"])
    text = render_model_card(use_case, candidate, reports, because=because)
    card = bucket.put(text.encode(), artifacts.MARKDOWN, "model card")
    return record_description(bucket, version, use_case.card, card)
