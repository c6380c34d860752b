"""`assay false-alarm`: mark what a look saw as no harm after all."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.options import AsJson, AsOf, Because, Store


def command(
    model: Annotated[str, typer.Argument(help="The model, such as income.")],
    because: Because,
    look: Annotated[
        int | None, typer.Argument(help="Which look at it; else the last that raised an alarm.")
    ] = None,
    as_of: AsOf = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Mark an alarm as false, so that it is told when the same cause comes again."""
    from assay.cli.deciding import opened, said, tell
    from assay.decisions.learnt import false_alarm

    bucket = opened(store)
    entry = false_alarm(bucket, model, said(because, as_of), look)
    tell(bucket, model, entry, already="that alarm is marked as false", as_json=as_json)
