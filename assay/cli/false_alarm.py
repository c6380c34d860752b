"""`assay false-alarm`: mark a look's alarm as false."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from assay.cli.options import AsOfOption, BecauseOption, JsonOption, StoreOption


def command(
    model: Annotated[str, typer.Argument(help="The model, such as income.")],
    because: BecauseOption,
    look: Annotated[
        int | None, typer.Argument(help="The look's number; the last alarm if left out.")
    ] = None,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Mark an alarm as false. The reason is shown when the same cause comes again."""
    from assay.cli.decision_command import DecisionOptions, run_decision
    from assay.registry.decisions.feedback import mark_false_alarm

    run_decision(
        partial(mark_false_alarm, look=look),
        model,
        DecisionOptions(because, as_of, store, as_json),
        unchanged_message="that alarm is marked as false already",
    )
