"""`assay vouch`: what a key has signed, as lines to keep when it is withdrawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.console import print_json, print_text
from assay.cli.options import AsJson, Store

if TYPE_CHECKING:
    from assay.journal import JournalEntry


def command(
    key: Annotated[Path, typer.Argument(help="The key's public half, such as id_ed25519.pub.")],
    until: Annotated[
        str | None,
        typer.Option(
            "--until", metavar="TIME", help="Entries before this moment alone, such as 2026-11-03."
        ),
    ] = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """List the entries that a key has signed, one a line, for `holds` in the people's file.

    Times are what entries say of themselves. Whoever keeps the lines vouches for them.
    """
    from assay.bucket import Bucket
    from assay.moments import moment
    from assay.signing import PublicKey
    from assay.store import default_url
    from assay.trust import signed_with

    bucket = Bucket.open(store or default_url()).existing()
    public, end = PublicKey.load(key), moment(until)
    found = [
        _as_json(name, entry)
        for name, entry in signed_with(bucket, public)
        if moment(entry.at) < end
    ]
    if as_json:
        print_json({"key": public.fingerprint, "entries": found})
    for one in [] if as_json else found:
        print_text(_line(one))


def _as_json(journal: str, entry: JournalEntry) -> dict[str, Any]:
    return {
        "digest": str(entry.digest),
        "journal": journal,
        "number": entry.number,
        "kind": entry.kind,
        "at": entry.at,
        "actor": entry.actor,
    }


def _line(one: dict[str, Any]) -> str:
    from assay.render.words import printable

    told = "{journal} {number} {kind} at {at} by {actor}".format_map(one)
    return f"{one['digest']}  # {printable(told)}"
