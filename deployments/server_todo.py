"""What a Prefect server knows that waits for a person: failed runs, and silent schedules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from assay.config.due_moments import longest_pause
from assay.config.operations import Operations
from assay.deployments.deployment_plan import (
    ASSAY_TAG,
    Deployment,
    UseCaseFile,
    plan_deployments,
)
from assay.deployments.desk.server_runs import dashboard_url, run_url
from assay.deployments.metrics import server_queries
from assay.deployments.schedules import longest_silence
from assay.gates.monitoring.durations import format_duration
from assay.production.todo_item import TodoItem, shorten_text

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

_TIMEOUT = 5.0  # seconds for one answer
# The same work by hand. What was finished before is not done again.
_COMMANDS = {
    "train": "assay run {file}",
    "score": "assay score {file}",
    "monitor": "assay monitor {file}",
    "retrain": "assay retrain {file} --because TEXT",
    "promote": "assay log {name}",
    "backfill": "assay backfill {file} --from DATE --to DATE",
    "maintain": "assay verify",
}


def read_server_todo(
    cases: Iterable[UseCaseFile], operations: Operations, as_of: datetime
) -> list[TodoItem]:
    """The items that the server of PREFECT_API_URL knows. Raises errors of the client."""
    from prefect.client.orchestration import get_client

    with get_client(httpx_settings={"timeout": _TIMEOUT}, sync_client=True) as client:
        return find_server_todo(client, list(cases), operations, as_of)


def find_server_todo(
    client: SyncPrefectClient, cases: list[UseCaseFile], operations: Operations, as_of: datetime
) -> list[TodoItem]:
    """The items that a server knows: of every use case that has a deployment there."""
    by_name = {case.name: case for case in cases}
    planned = {one.title: one for one in plan_deployments(cases, operations)}
    return [
        *_failed_runs(client, by_name),
        *_silent_deployments(client, planned, by_name, operations.late, as_of),
    ]


def _failed_runs(client: SyncPrefectClient, cases: Mapping[str, UseCaseFile]) -> Iterator[TodoItem]:
    """Of each flow and use case the last run, if an error or a crash ended it."""
    flows = {flow.id: flow.name for flow in client.read_flows(limit=200)}
    seen: set[tuple[str, str]] = set()
    for run in server_queries.fetch_failed_runs(client):
        flow = flows.get(run.flow_id, "")
        name = server_queries.use_case_of(run, flow)
        if flow not in _COMMANDS or (flow, name) in seen:
            continue
        seen.add((flow, name))
        last = server_queries.fetch_last_ended_of(client, [ASSAY_TAG, flow, name])
        if last is not None and last.id == run.id:
            yield _failed_run_item(run, flow, name, cases.get(name))


def _failed_run_item(run: FlowRun, flow: str, name: str, case: UseCaseFile | None) -> TodoItem:
    state = run.state
    ended, message = (state.name, state.message) if state else ("", "")
    command = _COMMANDS[flow].format(file=case.file if case else "CONFIG", name=name)
    return TodoItem(
        # The one state of ours that says that the bucket is damaged.
        kind="integrity" if ended == "Damaged" else "failed",
        subject=f"{flow}/{name}",
        what=shorten_text(f"its last run ended {ended}: {message or 'no reason is known'}"),
        since=run.end_time,
        owner=case.use_case.owner if case else "",
        command=command,
        run=run_url(run.id),
    )


def _silent_deployments(
    client: SyncPrefectClient,
    planned: Mapping[str, Deployment],
    cases: Mapping[str, UseCaseFile],
    late: float,
    as_of: datetime,
) -> Iterator[TodoItem]:
    """Scheduled deployments of which no run has begun for longer than the alert accepts."""
    flows = {flow.id: flow.name for flow in client.read_flows(limit=200)}
    for there in server_queries.fetch_deployments(client):
        deployment = planned.get(f"{flows.get(there.flow_id)}/{there.name}")
        if deployment is None or deployment.schedule is None:
            continue
        begun = server_queries.fetch_last_begun(client, there.id) or there.created
        limit = longest_silence(deployment.schedule, deployment.zone, late)
        if begun is None or (as_of - begun).total_seconds() <= limit:
            continue
        every = format_duration(longest_pause(deployment.schedule, deployment.zone))
        paused = there.paused or not all(one.active for one in there.schedules)
        case = cases.get(there.name)
        yield TodoItem(
            kind="silent",
            subject=deployment.title,
            what=f"no run of it has begun for {format_duration((as_of - begun).total_seconds())}; "
            f"one is due every {every}{'; its schedule is paused' if paused else ''}",
            since=begun,
            owner=case.use_case.owner if case else "",
            command="assay up --status",
            run=f"{dashboard_url()}/deployments/deployment/{there.id}",
        )
