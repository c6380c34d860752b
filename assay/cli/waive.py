"""`assay waive`: let a version pass in spite of a gate, signed and for a limited time."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from assay.cli.options import AsOfOption, BecauseOption, JsonOption, ReferenceArgument, StoreOption


def command(
    reference: ReferenceArgument,
    because: BecauseOption,
    expires: Annotated[
        str,
        typer.Option(metavar="MOMENT", help="When it expires. A date means the start of that day."),
    ],
    gate: Annotated[
        list[str] | None,
        typer.Option(help="A gate that failed or left no report, or shadow; may be repeated."),
    ] = None,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a version be promoted in spite of failed gates, until a date. Always signed."""
    from assay.cli.decision_command import DecisionOptions, run_decision
    from assay.registry.decisions.promotion import waive_gates

    run_decision(
        partial(waive_gates, gates=gate or (), expires=expires),
        reference,
        DecisionOptions(because, as_of, store, as_json),
    )
