"""`assay lessons`: list what was learnt, by cause."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.console import print_json, print_rows
from assay.cli.options import JsonOption, StoreOption


def command(
    model: Annotated[str | None, typer.Argument(help="A model; all when left out.")] = None,
    cause: Annotated[
        str | None,
        typer.Option(help="Only this cause, or causes that begin so: drift, gate:fairness."),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what stops, rejections, alarms, rollbacks and people taught, newest first."""
    from assay.bucket.journal import list_journals
    from assay.cli.existing_bucket import open_existing_bucket
    from assay.registry.batch_ledger import is_ledger
    from assay.registry.lessons import cause_covers, collect_lessons, describe_lessons
    from assay.registry.registry import Registry
    from assay.util.printable_text import printable_text

    bucket = open_existing_bucket(store)
    names = (
        [model] if model else [name for name in list_journals(bucket.store) if not is_ledger(name)]
    )
    found = {
        history.model: [
            lesson
            for lesson in collect_lessons(history.entries)
            if cause is None or cause_covers(cause, lesson.cause)
        ]
        for history in map(Registry(bucket).find_history, names)
    }
    if as_json:
        print_json({name: [one.as_json() for one in learnt] for name, learnt in found.items()})
        return
    rows = [
        (name, printable_text(line))
        for name, learnt in found.items()
        for line in describe_lessons(learnt)
    ]
    print_rows(("model", "what was learnt"), rows)
