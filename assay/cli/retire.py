"""`assay retire`: end a version's service, for good."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.options import AsJson, AsOf, Because, Reference, Store


def command(
    reference: Reference,
    because: Because,
    instead: Annotated[
        int | None,
        typer.Option(metavar="VERSION", help="Of a champion: the version that takes its place."),
    ] = None,
    as_of: AsOf = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """End a version's service: it is no longer promoted, nor loaded by any alias."""
    from assay.cli.deciding import opened, said, tell
    from assay.decisions.withdrawal import retire

    bucket = opened(store)
    entry = retire(bucket, reference, said(because, as_of), instead=instead)
    tell(bucket, reference, entry, already=f"{reference} is retired already", as_json=as_json)
