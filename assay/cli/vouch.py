"""`assay vouch`: list what a key has signed, to keep when the key is withdrawn."""

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
            "--until", metavar="TIME", help="Only entries before this moment, such as 2026-11-03."
        ),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the entries that a key has signed, one a line, for `holds` in the people file.

    Their times are what the entries claim. Whoever keeps the lines vouches for them.
    """
    from assay.bucket.signing import PublicKey
    from assay.cli.existing_bucket import open_existing_bucket
    from assay.registry.authority import find_signed_entries
    from assay.util.clock import parse_timestamp

    bucket = open_existing_bucket(store)
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


def _vouch_line(signed_entry: dict[str, Any]) -> str:
    from assay.util.printable_text import printable_text

    remark = "{journal} {number} {kind} at {at} by {actor}".format_map(signed_entry)
    return f"{signed_entry['digest']}  # {printable_text(remark)}"
