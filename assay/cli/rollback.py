"""`assay rollback`: back to the champion before this one, at once."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.options import AsJson, AsOf, Because, Store


def command(
    model: Annotated[str, typer.Argument(help="The model, such as income.")],
    because: Because,
    to: Annotated[
        int | None, typer.Option(help="How far back: the version; else the one before.")
    ] = None,
    alias: Annotated[str, typer.Option(help="Which alias to take back.")] = "champion",
    as_of: AsOf = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Put the version that was champion before back in its place; again, further back."""
    from assay.cli.deciding import opened, said, tell
    from assay.decisions.withdrawal import rollback

    bucket = opened(store)
    entry = rollback(bucket, model, said(because, as_of), to=to, alias=alias)
    tell(bucket, model, entry, already="", as_json=as_json)
