"""A run's signs of life: Prefect sends them from a thread of their own."""

from __future__ import annotations

from functools import cache, partial


@cache
def skip_heartbeat_join() -> None:
    """Let no run of a flow in this process wait at its end for that thread, which looks once a
    second whether it is over. It sends nothing more, and ends with the process.
    """
    from prefect import flow_engine

    flow_engine._send_heartbeats = partial(flow_engine._send_heartbeats, join_on_exit=False)
