"""Restart crashed runs that automations missed: `python -m assay.deployments.resume POOL`.

Prefect passes events to automations in memory. What a server finds in its first seconds, such as a
run that was lost while the server was down, may come before the automations listen; and of a run
that began under an earlier server they may restart none. The keeper runs this twice after each
start of the server: after a minute, and once a run that went down with it counts as lost.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import StateType
from prefect.states import AwaitingRetry

from assay.config.operations import Operations

_RECENT_CRASHES = timedelta(hours=1)
_SETTLED = timedelta(seconds=30)  # a crash is often reported twice


async def resume_crashed_runs(pool: str, max_runs: int) -> list[str]:
    """Reschedule the pool's recently crashed runs, each at most `max_runs` times, and name them."""
    crashed = FlowRunFilterStateType(any_=[StateType.CRASHED])
    wanted = FlowRunFilter(
        state=FlowRunFilterState(type=crashed),
        deployment_id=FlowRunFilterDeploymentId(is_null_=False),
    )
    ours = WorkPoolFilter(name=WorkPoolFilterName(any_=[pool]))
    async with get_client() as client:
        found = await client.read_flow_runs(flow_run_filter=wanted, work_pool_filter=ours)
        now = datetime.now(UTC)
        again = [
            run
            for run in found
            if run.run_count <= max_runs
            and run.state
            and _SETTLED < now - run.state.timestamp < _RECENT_CRASHES
        ]
        for run in again:
            said = "it crashed while the server was away, and is started again"
            await client.set_flow_run_state(run.id, AwaitingRetry(message=said))
    return [run.name for run in again]


if __name__ == "__main__":
    for name in asyncio.run(resume_crashed_runs(sys.argv[1], Operations.load_configured().resume)):
        print(f"started again: {name}", file=sys.stderr)  # noqa: T201 - the keeper's log
