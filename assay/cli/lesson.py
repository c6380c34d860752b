"""`assay lesson`: write down what was learnt."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.options import AsJson, AsOf, Store


def command(
    model: Annotated[str, typer.Argument(help="The model, such as income.")],
    cause: Annotated[
        str, typer.Argument(help="What it is about: drift:COLUMN, gate:fairness, batch:refused...")
    ],
    text: Annotated[str, typer.Argument(help="What was learnt.")],
    about: Annotated[
        str | None, typer.Option(metavar="DIGEST", help="The object that it was seen in.")
    ] = None,
    entry: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="The journal's entry that it came from.")
    ] = None,
    as_of: AsOf = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Note a lesson: it is shown when a gate or a look meets the same cause again."""
    from assay.cli.deciding import opened, said, tell
    from assay.decisions.learnt import lesson

    bucket = opened(store)
    made = lesson(bucket, model, cause, said(text, as_of), about=about, entry=entry)
    tell(bucket, model, made, already="", as_json=as_json)
