"""`assay rollback`: back to the champion before this one, at once."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.options import AsOfOption, BecauseOption, JsonOption, StoreOption


def command(
    model: Annotated[str, typer.Argument(help="The model, such as income.")],
    because: BecauseOption,
    to: Annotated[
        int | None, typer.Option(help="How far back: the version; else the one before.")
    ] = None,
    alias: Annotated[str, typer.Option(help="Which alias to take back.")] = "champion",
    as_of: AsOfOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put the version that was champion before back in its place; again, further back."""
    from assay.cli.decision_command import make_justification, open_existing_bucket, print_decision
    from assay.registry.decisions.withdrawal import roll_back_alias

    bucket = open_existing_bucket(store)
    entry = roll_back_alias(bucket, model, make_justification(because, as_of), to=to, alias=alias)
    print_decision(bucket, model, entry, unchanged_message="", as_json=as_json)
