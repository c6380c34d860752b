"""`assay waive`: let a version pass in spite of a gate, signed and for a time."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.options import AsOfOption, BecauseOption, JsonOption, ReferenceArgument, StoreOption


def command(
    reference: ReferenceArgument,
    because: BecauseOption,
    expires: Annotated[
        str,
        typer.Option(metavar="MOMENT", help="When it holds no more: a date (as that day begins)."),
    ],
    gate: Annotated[
        list[str] | None,
        typer.Option(help="A gate that failed it or left no report, or shadow; may be repeated."),
    ] = None,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a version be promoted in spite of what stands in its way, until a day. Always signed."""
    from assay.cli.decision_command import make_justification, open_existing_bucket, print_decision
    from assay.registry.decisions.promotion import waive_gates

    bucket = open_existing_bucket(store)
    entry = waive_gates(
        bucket, reference, make_justification(because, as_of), gates=gate or (), expires=expires
    )
    print_decision(bucket, reference, entry, unchanged_message="", as_json=as_json)
