"""`assay false-alarm`: mark what a look saw as no harm after all."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.options import AsOfOption, BecauseOption, JsonOption, StoreOption


def command(
    model: Annotated[str, typer.Argument(help="The model, such as income.")],
    because: BecauseOption,
    look: Annotated[
        int | None, typer.Argument(help="Which look at it; else the last that raised an alarm.")
    ] = None,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Mark an alarm as false, so that it is told when the same cause comes again."""
    from assay.cli.decision_command import make_justification, open_existing_bucket, print_decision
    from assay.registry.decisions.feedback import mark_false_alarm

    bucket = open_existing_bucket(store)
    entry = mark_false_alarm(bucket, model, make_justification(because, as_of), look)
    print_decision(
        bucket, model, entry, unchanged_message="that alarm is marked as false", as_json=as_json
    )
