"""`assay pause`: let nothing of a use case begin by itself."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.options import AsOfOption, JsonOption, StoreOption

UseCaseArgument = Annotated[str, typer.Argument(help="The use case's name, such as income.")]
ReasonOption = Annotated[
    str | None, typer.Option(metavar="TEXT", help="The reason. It is recorded with your name.")
]


def command(
    use_case: UseCaseArgument,
    because: ReasonOption = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="MOMENT",
            help="When it goes on by itself, in UTC: 2026-03-31T06:00, or a date (its beginning).",
        ),
    ] = None,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pause a use case: no schedule and no event starts a flow of it until it is resumed.

    What runs goes on, what waits for a person waits on, and people may still start its flows. The
    pause is in the journal, so it outlives `assay up`, `assay down`, upgrades and reboots.
    """
    from functools import partial

    from assay.cli.pause_command import change_pause
    from assay.registry.decisions.justification import Justification
    from assay.registry.decisions.use_case_pause import NO_REASON, pause_use_case
    from assay.util.clock import parse_timestamp

    reason = Justification(NO_REASON if because is None else because, parse_timestamp(as_of))
    ends = parse_timestamp(until) if until else None
    change_pause(
        use_case,
        store,
        partial(pause_use_case, use_case=use_case, justification=reason, until=ends),
        unchanged_message=f"{use_case} is paused already, just so",
        as_json=as_json,
    )
