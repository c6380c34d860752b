"""What a run is called: what it does, to what, and when it was due."""

from pathlib import Path

from prefect.runtime import flow_run


def format_run_name() -> str:
    """Such as "train income, 2026-11-22 05:00", in UTC. A run that is about another moment than
    its own (`as_of`) is called after that.
    """
    given = flow_run.parameters
    what = given.get("reference") or Path(given.get("config", "")).stem
    when = given.get("as_of") or f"{flow_run.scheduled_start_time:%Y-%m-%d %H:%M}"
    return f"{flow_run.flow_name} {what}".strip() + f", {when}"
