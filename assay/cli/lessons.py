"""`assay lessons`: what was learnt, by cause."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.console import print_json, print_rows
from assay.cli.options import AsJson, Store


def command(
    model: Annotated[str | None, typer.Argument(help="A model; all when left out.")] = None,
    cause: Annotated[
        str | None,
        typer.Option(help="Only of this cause, or what it begins: drift, gate:fairness."),
    ] = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """List what stops, rejections, alarms, rollbacks and people taught, the last first."""
    from assay.batches import is_ledger
    from assay.cli.deciding import opened
    from assay.lessons import covers, in_words, learnt
    from assay.registry import Registry
    from assay.render.words import printable

    bucket = opened(store)
    names = [model] if model else [name for name in bucket.journals() if not is_ledger(name)]
    found = {
        history.model: [
            lesson
            for lesson in learnt(history.entries)
            if cause is None or covers(cause, lesson.cause)
        ]
        for history in map(Registry(bucket).story, names)
    }
    if as_json:
        print_json({name: [one.as_json() for one in held] for name, held in found.items()})
        return
    rows = [(name, printable(line)) for name, held in found.items() for line in in_words(held)]
    print_rows(("model", "what was learnt"), rows)
