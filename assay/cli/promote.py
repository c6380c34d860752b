"""`assay promote`: make a version champion, or whatever another alias says."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.options import AsOfOption, BecauseOption, JsonOption, ReferenceArgument, StoreOption


def command(
    reference: ReferenceArgument,
    because: BecauseOption,
    alias: Annotated[str, typer.Option(help="Which alias to point at it.")] = "champion",
    approve: Annotated[
        bool, typer.Option("--approve", help="Say yes, too, to what its gates could not tell.")
    ] = False,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a version champion, if its evidence and its use case's rules allow."""
    from assay.cli.decision_command import make_justification, open_existing_bucket, print_decision
    from assay.registry.decisions.promotion import promote_version

    bucket = open_existing_bucket(store)
    entry = promote_version(
        bucket, reference, make_justification(because, as_of), alias=alias, approve=approve
    )
    print_decision(
        bucket,
        reference,
        entry,
        unchanged_message=f"{reference} is {alias} already",
        as_json=as_json,
    )
