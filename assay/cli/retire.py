"""`assay retire`: end a version's service for good."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from assay.cli.options import AsOfOption, BecauseOption, JsonOption, ReferenceArgument, StoreOption


def command(
    reference: ReferenceArgument,
    because: BecauseOption,
    instead: Annotated[
        int | None,
        typer.Option(metavar="VERSION", help="The version that replaces it, if it is champion."),
    ] = None,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a version's service. No alias loads it afterwards, and it cannot be promoted again."""
    from assay.cli.decision_command import DecisionOptions, run_decision
    from assay.registry.decisions.withdrawal import retire_version

    run_decision(
        partial(retire_version, instead=instead),
        reference,
        DecisionOptions(because, as_of, store, as_json),
        unchanged_message=f"{reference} is retired already",
    )
