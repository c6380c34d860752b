"""Start crashed runs again that nobody heard of: `python -m assay.deployments.resume POOL`.

Prefect hands events to automations in memory. What it finds out in its first seconds, such as that
a run was lost while the server itself was away, may come before the automations listen. The keeper
runs this once, a minute after each start of the server.
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


async def resume_crashed_runs(pool: str, max_runs: int) -> list[str]:
    """Let the pool's runs that crashed of late wait for another try, each at most `max_runs` times;
    their names.
    """
    crashed = FlowRunFilterStateType(any_=[StateType.CRASHED])
    wanted = FlowRunFilter(
        state=FlowRunFilterState(type=crashed),
        deployment_id=FlowRunFilterDeploymentId(is_null_=False),
    )
    ours = WorkPoolFilter(name=WorkPoolFilterName(any_=[pool]))
    async with get_client() as client:
        found = await client.read_flow_runs(flow_run_filter=wanted, work_pool_filter=ours)
        since = datetime.now(UTC) - _RECENT_CRASHES
        again = [
            run
            for run in found
            if run.run_count <= max_runs and run.state and run.state.timestamp > since
        ]
        for run in again:
            said = "it crashed while the server was away, and is started again"
            await client.set_flow_run_state(run.id, AwaitingRetry(message=said))
    return [run.name for run in again]


if __name__ == "__main__":
    for name in asyncio.run(resume_crashed_runs(sys.argv[1], Operations.load_configured().resume)):
        print(f"started again: {name}", file=sys.stderr)  # noqa: T201 - the keeper's log
