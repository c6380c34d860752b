"""`assay log`: the history of a model, or of all."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli.console import print_json, print_rows
from assay.cli.options import AsJson, Store
from assay.journal import JournalEntry


def command(
    model: Annotated[str | None, typer.Argument(help="A model; all of them when left out.")] = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Print the journal: what was registered, rejected, stopped and promoted, and why."""
    from assay.bucket import Bucket
    from assay.errors import ReferenceUnknown
    from assay.store import default_url

    bucket = Bucket.open(store or default_url()).existing()
    known = bucket.journals()
    if model is not None and model not in known:
        raise ReferenceUnknown(
            f"no journal of {model!r} in this bucket",
            where=bucket.root,
            remedy=f"Journals here: {', '.join(known) or 'none yet'}.",
        )
    histories = {name: bucket.journal(name).entries() for name in ([model] if model else known)}
    if as_json:
        print_json({name: [_as_json(e) for e in entries] for name, entries in histories.items()})
        return
    rows = [
        (e.at[:19].replace("T", " "), e.actor, _subject(name, e), e.kind, _because(e))
        for name, entries in histories.items()
        for e in entries
    ]
    print_rows(("at (UTC)", "by", "model", "what", "why"), rows)


def _as_json(entry: JournalEntry) -> dict[str, Any]:
    return {"number": entry.number, "kind": entry.kind, "at": entry.at, "actor": entry.actor} | {
        "body": entry.body
    }


def _subject(name: str, entry: JournalEntry) -> str:
    version = entry.body.get("version")
    return f"{name}@{version}" if version else name


def _because(entry: JournalEntry) -> str:
    body = entry.body
    if "because" in body:
        return f"{body['alias']}: {body['because']}"
    reasons = body.get("reasons") or []
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    why = [body["chosen"]["because"]] if "chosen" in body else []
    said = "; ".join([*why, *([reasons[0] + more] if reasons else [])])
    return ": ".join(part for part in (body.get("candidate", ""), said) if part)
