"""`assay promote`: make a version champion, or whatever another alias says."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.options import AsJson, AsOf, Because, Reference, Store


def command(
    reference: Reference,
    because: Because,
    alias: Annotated[str, typer.Option(help="Which alias to point at it.")] = "champion",
    approve: Annotated[
        bool, typer.Option("--approve", help="Say yes, too, to what its gates could not tell.")
    ] = False,
    as_of: AsOf = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Make a version champion, if its evidence and its use case's rules allow."""
    from assay.cli.deciding import opened, said, tell
    from assay.decisions.promotion import promote

    bucket = opened(store)
    entry = promote(bucket, reference, said(because, as_of), alias=alias, approve=approve)
    tell(bucket, reference, entry, already=f"{reference} is {alias} already", as_json=as_json)
