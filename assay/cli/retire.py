"""`assay retire`: end a version's service, for good."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.options import AsOfOption, BecauseOption, JsonOption, ReferenceArgument, StoreOption


def command(
    reference: ReferenceArgument,
    because: BecauseOption,
    instead: Annotated[
        int | None,
        typer.Option(metavar="VERSION", help="Of a champion: the version that takes its place."),
    ] = None,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a version's service: it is no longer promoted, nor loaded by any alias."""
    from assay.cli.decision_command import make_justification, open_existing_bucket, print_decision
    from assay.registry.decisions.withdrawal import retire_version

    bucket = open_existing_bucket(store)
    entry = retire_version(bucket, reference, make_justification(because, as_of), instead=instead)
    print_decision(
        bucket,
        reference,
        entry,
        unchanged_message=f"{reference} is retired already",
        as_json=as_json,
    )
