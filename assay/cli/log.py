"""`assay log`: the history of one model or of all."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.bucket.journal import Journal, JournalEntry, entry_timestamp, list_journals
from assay.cli.console import print_json, print_rows, print_stderr, print_text, write_file
from assay.cli.decision_command import entry_json
from assay.cli.options import JsonOption, StoreOption

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assay.bucket.bucket import Bucket
    from assay.render.journal_text import JournalEvent

_Entries = dict[str, list[JournalEntry]]


def command(
    model: Annotated[
        str | None,
        typer.Argument(help="A model, or its ledger MODEL.batches; all models when left out."),
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(help="Only entries of this kind, such as promoted or refused; repeatable."),
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="Only from this moment or date on, in UTC.")
    ] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="The newest first.")] = False,
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
    """Show what happened, the newest last, one line an event: runs, looks, decisions, lessons.

    The names are those of people where their keys are known.
    """
    from assay.cli.existing_bucket import open_existing_bucket

    bucket = open_existing_bucket(store)
    chosen = _chosen_journals(bucket, model)
    if html:
        _write_version_page(bucket, model, html)
    known = {name: Journal(bucket, name).entries() for name in chosen}
    entries = _filter_entries(known, kind or (), since)
    if as_json:
        order = -1 if reverse else 1
        print_json({name: [_entry_json(e) for e in es[::order]] for name, es in entries.items()})
        return
    _print_events(bucket, entries, kinds=kind or (), whole=whole, reverse=reverse)


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


def _filter_entries(known: _Entries, kinds: Sequence[str], since: str | None) -> _Entries:
    """The entries of these kinds, from a moment on. Raises ReferenceUnknown for a kind of which
    there is no entry, ConfigError for what is no moment.
    """
    from assay.errors import ReferenceUnknown, nearest_name
    from assay.util.clock import parse_timestamp

    there = sorted({entry.kind for entries in known.values() for entry in entries})
    for kind in kinds:
        if kind not in there:
            near = nearest_name(kind, there)
            raise ReferenceUnknown(
                f"no entry of the kind {kind!r} here",
                where="--kind",
                remedy=f"Did you mean {near!r}?" if near else f"There are: {', '.join(there)}.",
            )
    after = parse_timestamp(since) if since else None
    return {
        name: [
            entry
            for entry in entries
            if (not kinds or entry.kind in kinds)
            and (after is None or entry_timestamp(entry) >= after)
        ]
        for name, entries in known.items()
    }


def _print_events(
    bucket: Bucket,
    journals: Mapping[str, list[JournalEntry]],
    *,
    kinds: Sequence[str],
    whole: bool,
    reverse: bool,
) -> None:
    """Print the events of all journals in the order of their moments, and below them the ledger of
    each shown model in a few lines. Asked for by kind, a ledger's entries are events too.
    """
    from assay.registry import authority, batch_ledger
    from assay.render.journal_text import journal_events, ledger_lines
    from assay.util.printable_text import printable_text

    events: list[tuple[str, JournalEvent]] = []
    ledgers: list[str] = []
    actor_of = partial(authority.author_name, bucket)
    for name, entries in journals.items():
        model = name.removesuffix(batch_ledger.LEDGER_SUFFIX)
        if batch_ledger.is_ledger(name) and model in journals and not kinds:
            ledgers += ledger_lines(model, batch_ledger.fold_ledger(name, entries))
        else:
            told = journal_events(
                name, entries, actor_of=actor_of, every_entry=whole or bool(kinds)
            )
            events += [(model, event) for event in told]
    events.sort(key=lambda one: one[1].moment, reverse=reverse)
    several = len({model for model, _ in events}) > 1
    head = ("when (UTC)", "by", *(("of",) if several else ()), "what")
    rows = [
        (event.time, event.actor, *((model,) if several else ()), event.text)
        for model, event in events
    ]
    print_rows(head, rows)
    for line in ledgers:
        print_text(printable_text(line))


def _entry_json(entry: JournalEntry) -> dict[str, Any]:
    signature = {"signature": entry.signature.as_json()} if entry.signature else {}
    return entry_json(entry) | signature
