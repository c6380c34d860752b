"""The words of people on a version's model card, and what is not said there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.journal import Journal, JournalEntry
from assay.config.card import CARD_TITLES, CardText, card_lines
from assay.registry import authority
from assay.registry.history import DESCRIBED, ModelHistory, Version, fold_journal


def find_description(history: ModelHistory, version: Version) -> JournalEntry | None:
    """The last entry that gave a version a new card, by somebody who may train; else None."""
    entries = (e for e in reversed(history.entries) if e.kind == DESCRIBED)
    of_version = (e for e in entries if e.body["version"] == version.number)
    return next((e for e in of_version if authority.has_effect(history.bucket, e, "run")), None)


def card_artifact(history: ModelHistory, version: Version) -> Artifact:
    """A version's model card, as it stands."""
    entry = find_description(history, version)
    return Artifact.model_validate(entry.body["card"]) if entry else version.artifact("card")


def card_words(bucket: Bucket, history: ModelHistory, version: Version) -> CardText:
    """What people said on a version's card. Raises ObjectMissing, ObjectCorrupt."""
    entry = find_description(history, version)
    if entry:
        return _parse_words(entry.body["said"])
    # Records older than the section have none.
    return _parse_words(bucket.get_json(version.artifact("run"))["configuration"].get("card", {}))


def describe_card_gaps(words: CardText) -> str:
    """What the card does not say, and the lines that say it; "" for a card without gaps."""
    if not words.gaps:
        return ""
    titles = ", ".join(CARD_TITLES[name].lower() for name in words.gaps)
    return f"the model card does not say: {titles}"


def card_remedy(words: CardText) -> str:
    """How to fill the gaps of a card."""
    lines = card_lines(words.gaps)
    return f"Add `{lines}` to the use case, then repeat `assay run CONFIG`: no step runs again."


def record_description(
    bucket: Bucket, version: Version, words: CardText, card: Artifact
) -> JournalEntry | None:
    """Give a version a new card; None if it has these words already."""

    def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
        history = fold_journal(bucket, version.model, entries)
        if card_words(bucket, history, version) == words:
            return None
        said = words.model_dump(mode="json", exclude_none=True)
        return DESCRIBED, {"version": version.number, "card": card.as_json(), "said": said}

    return Journal(bucket, version.model).append(decide)


def _parse_words(said: Mapping[str, Any]) -> CardText:
    return CardText.model_validate_json(json.dumps(said))
