"""`assay log`: the history of one model or of all."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.bucket.journal import Journal, JournalEntry, list_journals
from assay.cli.console import print_json, print_rows, print_stderr, print_text, write_file
from assay.cli.options import JsonOption, StoreOption

if TYPE_CHECKING:
    from assay.bucket.bucket import Bucket


def command(
    model: Annotated[
        str | None,
        typer.Argument(help="A model, or its ledger MODEL.batches; all models when left out."),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--all", help="Show every healthy look on its own line.")
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option(
            help="Write the table of all versions, which sorts and filters, to this file."
        ),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what happened to a model, one line an event: runs, looks, decisions, lessons."""
    from assay.cli.existing_bucket import open_existing_bucket

    bucket = open_existing_bucket(store)
    chosen = _chosen_journals(bucket, model)
    if html:
        _write_version_page(bucket, model, html)
    if as_json:
        by_journal = {name: Journal(bucket, name).entries() for name in chosen}
        print_json({name: [_entry_json(e) for e in es] for name, es in by_journal.items()})
        return
    _print_events(bucket, chosen, whole=whole)


def _write_version_page(bucket: Bucket, model: str | None, path: Path) -> None:
    from assay.errors import ConfigError
    from assay.render.version_page import render_version_page
    from assay.runs.version_table import version_page

    if model is None:
        raise ConfigError("--html shows one model", remedy="Write `assay log MODEL --html PATH`.")
    write_file(path, render_version_page(version_page(bucket, model)))
    print_stderr(f"written: {path}")


def _chosen_journals(bucket: Bucket, model: str | None) -> list[str]:
    """The journals to show: the model's and its ledger, or all. Raises ReferenceUnknown."""
    from assay.errors import ReferenceUnknown, nearest_name
    from assay.registry.batch_ledger import LEDGER_SUFFIX, is_ledger

    known = list_journals(bucket.store)
    if model is None:
        return known
    if model not in known:
        models = [name for name in known if not is_ledger(name)]
        near = nearest_name(model.partition("@")[0], models)
        listed = f"Journals here: {', '.join(models) or 'none yet'}."
        raise ReferenceUnknown(
            f"no journal of {model!r} in this bucket",
            where=bucket.root,
            remedy=f"Did you mean {near!r}?" if near else listed,
        )
    return [name for name in (model, model + LEDGER_SUFFIX) if name in known]


def _print_events(bucket: Bucket, journal_names: list[str], *, whole: bool) -> None:
    """Print journals as rows, and below them the ledger of each shown model in a few lines."""
    from assay.registry import authority, batch_ledger
    from assay.render.journal_text import journal_events, ledger_lines
    from assay.util.printable_text import printable_text

    events, ledgers = [], []
    actor_of = partial(authority.describe_author, bucket)
    for name in journal_names:
        entries = Journal(bucket, name).entries()
        if (
            batch_ledger.is_ledger(name)
            and name.removesuffix(batch_ledger.LEDGER_SUFFIX) in journal_names
        ):
            ledgers += ledger_lines(
                name.removesuffix(batch_ledger.LEDGER_SUFFIX),
                batch_ledger.fold_ledger(name, entries),
            )
        else:
            events += journal_events(name, entries, actor_of=actor_of, every_entry=whole)
    rows = [tuple(map(printable_text, (e.time, e.actor, e.text))) for e in events]
    print_rows(("when (UTC)", "by", "what"), rows)
    for line in ledgers:
        print_text(printable_text(line))


def _entry_json(entry: JournalEntry) -> dict[str, Any]:
    signature = {"signature": entry.signature.as_json()} if entry.signature else {}
    return {
        "number": entry.number,
        "kind": entry.kind,
        "at": entry.at,
        "actor": entry.actor,
        "body": entry.body,
        **signature,
    }
