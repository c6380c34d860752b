"""Whom we trust: journal entries held against the keys of the people who may act."""

from __future__ import annotations

from collections.abc import Iterable

from assay.config.people import People
from assay.errors import Unproven
from assay.journal import JournalEntry


def demand(model: str, entries: Iterable[JournalEntry]) -> None:
    """Check who signed these entries, if there is a people's file.

    Raises SignatureBad for a signature that does not fit or is by nobody known, Unproven for an
    entry without one where signatures are required, ConfigError.
    """
    people = People.configured()
    if people is None:
        return
    for entry in entries:
        if entry.signer(people.trusted()) is None and people.signatures == "required":
            raise Unproven(
                f"entry {entry.number} of the journal of {model!r} is not signed, and signatures "
                "are required",
                remedy="Let a person with a key register or promote it again.",
            )


def signed(entry: JournalEntry) -> str:
    """Who signed an entry, in words. Raises SignatureBad."""
    if entry.signature is None:
        return "unsigned"
    people = People.configured()
    if people is None:
        return f"signed with {entry.signature.key}, by nobody known here"
    signer = entry.signer(people.trusted())
    assert signer is not None, "a signature that is there has a signer, or is refused"
    return f"signed by {signer.name}"
