"""The name of a flow run: what it does, to what, and for when."""

from pathlib import Path

from prefect.runtime import flow_run


def format_run_name() -> str:
    """A name such as "train income, 2026-11-22 05:00", in UTC.

    The moment is `as_of` if that is given, else the scheduled start.
    """
    given = flow_run.parameters
    what = given.get("reference") or Path(given.get("config", "")).stem
    # As the scheduled start is written, whatever a flow that asks for this one gave.
    as_of = str(given.get("as_of") or "").partition("+")[0].replace("T", " ")[:16]
    when = as_of or f"{flow_run.scheduled_start_time:%Y-%m-%d %H:%M}"
    return f"{flow_run.flow_name} {what}".strip() + f", {when}"
