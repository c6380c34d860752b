"""`assay vouch`: what a key has signed, as lines to keep when it is withdrawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.console import print_json, print_text
from assay.cli.options import JsonOption, StoreOption

if TYPE_CHECKING:
    from assay.bucket.journal import JournalEntry


def command(
    key: Annotated[Path, typer.Argument(help="The key's public half, such as id_ed25519.pub.")],
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="TIME", help="Entries before this moment alone, such as 2026-11-03."
        ),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the entries that a key has signed, one a line, for `holds` in the people's file.

    Times are what entries say of themselves. Whoever keeps the lines vouches for them.
    """
    from assay.bucket.open import open_bucket
    from assay.bucket.signing import PublicKey
    from assay.registry.authority import find_signed_entries
    from assay.store.open import default_store_url
    from assay.util.clock import parse_timestamp

    bucket = open_bucket(store or default_store_url()).require_existing()
    public, end = PublicKey.load(key), parse_timestamp(until)
    found = [
        _signed_entry_json(name, entry)
        for name, entry in find_signed_entries(bucket, public)
        if parse_timestamp(entry.at) < end
    ]
    if as_json:
        print_json({"key": public.fingerprint, "entries": found})
    for one in [] if as_json else found:
        print_text(_vouch_line(one))


def _signed_entry_json(journal: str, entry: JournalEntry) -> dict[str, Any]:
    return {
        "digest": str(entry.digest),
        "journal": journal,
        "number": entry.number,
        "kind": entry.kind,
        "at": entry.at,
        "actor": entry.actor,
    }


def _vouch_line(one: dict[str, Any]) -> str:
    from assay.render.report_text import printable_text

    told = "{journal} {number} {kind} at {at} by {actor}".format_map(one)
    return f"{one['digest']}  # {printable_text(told)}"
