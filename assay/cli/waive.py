"""`assay waive`: let a version pass in spite of a gate, signed and for a time."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.options import AsJson, AsOf, Because, Reference, Store


def command(
    reference: Reference,
    because: Because,
    expires: Annotated[
        str,
        typer.Option(metavar="MOMENT", help="When it holds no more: a date (as that day begins)."),
    ],
    gate: Annotated[
        list[str] | None,
        typer.Option(help="A gate that failed it or left no report, or shadow; may be repeated."),
    ] = None,
    as_of: AsOf = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Let a version be promoted in spite of what stands in its way, until a day. Always signed."""
    from assay.cli.deciding import opened, said, tell
    from assay.decisions.promotion import waive

    bucket = opened(store)
    entry = waive(bucket, reference, said(because, as_of), gates=gate or (), expires=expires)
    tell(bucket, reference, entry, already="", as_json=as_json)
