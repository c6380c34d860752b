"""Restart lost runs that automations missed.

`python -m assay.deployments.resume POOL [restart]`: crashes runs of the pool that stay taken, and
restarts crashed ones.

Prefect passes events to automations in memory. What a server finds in its first seconds, such as a
run that was lost while the server was down, may come before the automations listen; and of a run
that began under an earlier server they may restart none. A server that is killed also takes with it
the event that a worker took a run, and a run that stays taken holds its queue's only place for
ever. The states themselves are in the database: they are asked here. The keeper runs this a minute
after each start of the server and once a run that went down with it counts as lost, both times with
`restart`, and then from time to time.

It also lets the server follow the journals: use cases that were paused or resumed elsewhere, and
pauses that have ended.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import AwaitingRetry, Crashed

from assay.config.operations import Operations
from assay.deployments.pauses import follow_journals
from assay.errors import AssayError

_RECENT_CRASHES = timedelta(hours=1)
_SETTLED = timedelta(seconds=30)  # a crash is often reported twice


async def crash_taken_runs(pool: str, late: float) -> list[str]:
    """Mark the pool's runs as crashed that were taken `late` seconds ago and have not begun, and
    name them. The automations start them again.
    """
    async with get_client() as client:
        found = await _runs_in_state(client, pool, StateType.PENDING)
        now = datetime.now(UTC)
        since = timedelta(seconds=late) + _SETTLED
        gone = [run for run in found if run.state and now - run.state.timestamp > since]
        for run in gone:
            said = f"it was taken, and has not begun for {late:.0f} s"
            await client.set_flow_run_state(run.id, Crashed(message=said), force=True)
    return [run.name for run in gone]


async def _runs_in_state(client: PrefectClient, pool: str, state: StateType) -> list[FlowRun]:
    wanted = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[state])),
        deployment_id=FlowRunFilterDeploymentId(is_null_=False),
    )
    ours = WorkPoolFilter(name=WorkPoolFilterName(any_=[pool]))
    return await client.read_flow_runs(flow_run_filter=wanted, work_pool_filter=ours)


async def resume_crashed_runs(pool: str, max_runs: int) -> list[str]:
    """Reschedule the pool's recently crashed runs, each at most `max_runs` times, and name them."""
    async with get_client() as client:
        found = await _runs_in_state(client, pool, StateType.CRASHED)
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


def main(pool: str, *, restart: bool) -> None:
    """Crash what stays taken, `restart` what crashed, too, and follow the journals' pauses. Tells
    the keeper's log.
    """
    operations = Operations.load_configured()
    for name in asyncio.run(crash_taken_runs(pool, operations.late)):
        print(f"taken and not begun: {name}", file=sys.stderr)  # noqa: T201 - the keeper's log
    if restart and operations.resume:
        for name in asyncio.run(resume_crashed_runs(pool, operations.resume)):
            print(f"started again: {name}", file=sys.stderr)  # noqa: T201 - the keeper's log
    try:
        for line in follow_journals(pool):
            print(line, file=sys.stderr)  # noqa: T201 - the keeper's log
    except AssayError as error:  # it is asked again in some minutes
        print(f"pauses are not followed: {error.what}", file=sys.stderr)  # noqa: T201 - the same


if __name__ == "__main__":
    main(sys.argv[1], restart=sys.argv[2:] == ["restart"])
