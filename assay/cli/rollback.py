"""`assay rollback`: return to the previous champion at once."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from assay.cli.options import AsOfOption, BecauseOption, JsonOption, StoreOption


def command(
    model: Annotated[str, typer.Argument(help="The model, such as income.")],
    because: BecauseOption,
    to: Annotated[
        int | None, typer.Option(help="The version to return to; the previous one if left out.")
    ] = None,
    alias: Annotated[str, typer.Option(help="The alias to roll back.")] = "champion",
    as_of: AsOfOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the previous champion champion again. Another rollback goes one version further."""
    from assay.cli.decision_command import DecisionOptions, run_decision
    from assay.registry.decisions.withdrawal import roll_back_alias

    run_decision(
        partial(roll_back_alias, to=to, alias=alias),
        model,
        DecisionOptions(because, as_of, store, as_json),
    )
