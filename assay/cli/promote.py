"""`assay promote`: make a version champion, or point another alias at it."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from assay.cli.options import (
    AsOfOption,
    JsonOption,
    OptionalBecauseOption,
    ReferenceArgument,
    StoreOption,
)


def command(
    reference: ReferenceArgument,
    because: OptionalBecauseOption = None,
    alias: Annotated[str, typer.Option(help="The alias to point at it.")] = "champion",
    approve: Annotated[
        bool, typer.Option("--approve", help="Also approve what its gates could not decide.")
    ] = False,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a version champion, if its evidence and its use case's rules allow it.

    Without a reason it decides nothing, and shows champion and challenger side by side.
    """
    from assay.cli.decision_command import DecisionOptions, run_decision, show_brief
    from assay.registry.decisions.promotion import promote_version

    if because is None:
        approved = " --approve" if approve else ""
        commands = [
            f"assay promote {reference}{approved} --because TEXT",
            f"assay refuse {reference} --because TEXT",
        ]
        show_brief(reference, store, commands, as_json=as_json)
    run_decision(
        partial(promote_version, alias=alias, approve=approve),
        reference,
        DecisionOptions(because, as_of, store, as_json),
        unchanged_message=f"{reference} is {alias} already",
    )
