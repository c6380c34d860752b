"""`assay promote`: make a version champion, or point another alias at it."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from assay.cli.options import AsOfOption, BecauseOption, JsonOption, ReferenceArgument, StoreOption


def command(
    reference: ReferenceArgument,
    because: BecauseOption,
    alias: Annotated[str, typer.Option(help="The alias to point at it.")] = "champion",
    approve: Annotated[
        bool, typer.Option("--approve", help="Also approve what its gates could not decide.")
    ] = False,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a version champion, if its evidence and its use case's rules allow it."""
    from assay.cli.decision_command import DecisionOptions, run_decision
    from assay.registry.decisions.promotion import promote_version

    run_decision(
        partial(promote_version, alias=alias, approve=approve),
        reference,
        DecisionOptions(because, as_of, store, as_json),
        unchanged_message=f"{reference} is {alias} already",
    )
