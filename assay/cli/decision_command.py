"""What the commands by which people decide share: who they are, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.cli.console import print_json, print_stderr, print_text

if TYPE_CHECKING:
    from assay.bucket.bucket import Bucket
    from assay.bucket.journal import JournalEntry
    from assay.registry.decisions.justification import Justification


def open_existing_bucket(store: str | None) -> Bucket:
    """A bucket that is there. Raises ReferenceUnknown."""
    from assay.bucket.open import open_bucket
    from assay.store.open import default_store_url

    return open_bucket(store or default_store_url()).require_existing()


def make_justification(because: str, as_of: str | None) -> Justification:
    """Why, and when, in the words of the command line. Raises ConfigError."""
    from assay.registry.decisions.justification import Justification
    from assay.util.clock import parse_timestamp

    return Justification(because, parse_timestamp(as_of))


def print_decision(
    bucket: Bucket,
    reference: str,
    entry: JournalEntry | None,
    *,
    unchanged_message: str,
    as_json: bool,
) -> None:
    """The entry that was written, or what was so `unchanged_message`; and who is champion now."""
    from assay.registry.authority import describe_signature
    from assay.registry.history import CHAMPION
    from assay.registry.registry import Registry
    from assay.render.journal_text import entry_sentence

    history = Registry(bucket).find_history(reference)
    champion = history.champion.name if history.champion else None
    if as_json:
        told = entry and {"number": entry.number, "kind": entry.kind, **_entry_fields(entry)}
        print_json({"entry": told, "aliases": history.aliases, CHAMPION: champion})
        return
    if entry is None:
        print_text(f"{unchanged_message}; nothing was written")
        return
    print_text(entry_sentence(history.model, entry))
    print_text(f"entry {entry.number} by {entry.actor} ({describe_signature(entry)})")
    if not champion:
        print_stderr(
            f"{history.model} has no champion now: it is not scored with until one is promoted"
        )
    _warn_without_people()


def _entry_fields(entry: JournalEntry) -> dict[str, Any]:
    return {"at": entry.at, "actor": entry.actor, "body": entry.body}


def _warn_without_people() -> None:
    """Say so where nobody was asked who they are."""
    from assay.config.people import DEFAULT_PEOPLE_FILE, People

    if People.load_configured() is None:
        print_stderr(
            f"there is no {DEFAULT_PEOPLE_FILE}: everyone may act, and the name is the operating system's"
        )
