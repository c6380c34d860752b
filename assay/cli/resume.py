"""`assay resume`: let a paused use case go on."""

from __future__ import annotations

from assay.cli.options import AsOfOption, JsonOption, StoreOption
from assay.cli.pause import ReasonOption, UseCaseArgument


def command(
    use_case: UseCaseArgument,
    because: ReasonOption = None,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a paused use case go on: its schedules and its automations.

    What was due meanwhile is not made up for; see `assay backfill`.
    """
    from functools import partial

    from assay.cli.pause_command import change_pause
    from assay.registry.decisions.justification import Justification
    from assay.registry.decisions.use_case_pause import NO_REASON, resume_use_case
    from assay.util.clock import parse_timestamp

    reason = Justification(NO_REASON if because is None else because, parse_timestamp(as_of))
    change_pause(
        use_case,
        store,
        partial(resume_use_case, use_case=use_case, justification=reason),
        unchanged_message=f"{use_case} is not paused",
        as_json=as_json,
    )
