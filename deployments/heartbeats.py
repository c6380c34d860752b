"""Heartbeats of a run, which Prefect sends from a thread."""

from __future__ import annotations

from functools import cache, partial


@cache
def skip_heartbeat_join() -> None:
    """Make flows of this process end without waiting for the heartbeat thread.

    The thread checks only once a second whether the run is over. It sends nothing more, and ends
    with the process.
    """
    from prefect import flow_engine

    flow_engine._send_heartbeats = partial(flow_engine._send_heartbeats, join_on_exit=False)
