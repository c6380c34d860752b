"""What the commands by which people decide share: who they are, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.cli.console import print_json, print_text, say

if TYPE_CHECKING:
    from assay.bucket import Bucket
    from assay.decisions.said import Said
    from assay.journal import JournalEntry


def opened(store: str | None) -> Bucket:
    """A bucket that is there. Raises ReferenceUnknown."""
    from assay.bucket import Bucket
    from assay.store import default_url

    return Bucket.open(store or default_url()).existing()


def said(because: str, as_of: str | None) -> Said:
    """Why, and when, in the words of the command line. Raises ConfigError."""
    from assay.decisions.said import Said
    from assay.moments import moment

    return Said(because, moment(as_of))


def tell(
    bucket: Bucket, reference: str, entry: JournalEntry | None, *, already: str, as_json: bool
) -> None:
    """The entry that was written, or what was so `already`; and who is champion now."""
    from assay.registry import Registry
    from assay.render.story import sentence
    from assay.trust import signed
    from assay.versions import CHAMPION

    history = Registry(bucket).story(reference)
    champion = history.champion.name if history.champion else None
    if as_json:
        told = entry and {"number": entry.number, "kind": entry.kind, **_about(entry)}
        print_json({"entry": told, "aliases": history.aliases, CHAMPION: champion})
        return
    if entry is None:
        print_text(f"{already}; nothing was written")
        return
    print_text(sentence(history.model, entry))
    print_text(f"entry {entry.number} by {entry.actor} ({signed(entry)})")
    if not champion:
        say(f"{history.model} has no champion now: it is not scored with until one is promoted")
    _note_strangers()


def _about(entry: JournalEntry) -> dict[str, Any]:
    return {"at": entry.at, "actor": entry.actor, "body": entry.body}


def _note_strangers() -> None:
    """Say so where nobody was asked who they are."""
    from assay.config.people import USUAL, People

    if People.configured() is None:
        say(f"there is no {USUAL}: everyone may act, and the name is the operating system's")
