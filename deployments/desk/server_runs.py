"""What a Prefect server knows for the desk: runs that failed and why, present and next runs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from assay.deployments.deployment_plan import ASSAY_TAG
from assay.deployments.metrics import server_queries
from assay.production.todo_item import shorten_text
from assay.util.url_secrets import redact_url

if TYPE_CHECKING:
    from uuid import UUID

    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

_TIMEOUT = 5.0  # seconds for one answer
_LOOK_BACK = timedelta(days=7)
_MOST_FAILED = 30
_MOST_UPCOMING = 30
# Ended as a person or a schedule may well expect.
_NO_FAILURES = ("No champion", "Declined", "Promotion refused", "Retrain", "Cancelled")


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A run that failed. `count`: how many of this flow and use case failed in the same way in the
    last week, of those that were asked for; `settled`: a later run of the flow ended well.
    """

    flow: str
    use_case: str
    name: str
    state: str
    reason: str
    began: datetime
    ended: datetime
    url: str
    count: int
    settled: bool


@dataclass(frozen=True, slots=True)
class DueRun:
    """A run that waits, runs, or is due. `moment`: when it is due, or began."""

    flow: str
    use_case: str
    state: str
    moment: datetime
    url: str
    reference: str = ""  # the version that a person is asked about


@dataclass(frozen=True, slots=True)
class ServerRuns:
    """Failed runs, newest first; present ones; the next of each deployment, the earliest first."""

    failed: Sequence[FailedRun] = ()
    present: Sequence[DueRun] = ()
    upcoming: Sequence[DueRun] = ()
    left_out: int = 0  # upcoming runs beyond those


def dashboard_url() -> str:
    """The dashboard's address for a browser, without user, password and a slash at its end."""
    api = os.environ.get("PREFECT_API_URL", "").rstrip("/").removesuffix("/api")
    return redact_url(os.environ.get("PREFECT_UI_URL", api)).rstrip("/")


def run_url(run: UUID) -> str:
    """A run's page on the dashboard."""
    return f"{dashboard_url()}/runs/flow-run/{run}"


def read_server_runs(as_of: datetime) -> ServerRuns:
    """What the server of PREFECT_API_URL knows. Raises errors of its client."""
    from prefect.client.orchestration import get_client

    with get_client(httpx_settings={"timeout": _TIMEOUT}, sync_client=True) as client:
        return find_server_runs(client, as_of)


def find_server_runs(client: SyncPrefectClient, as_of: datetime) -> ServerRuns:
    """What a server knows, asked in a bounded number of requests."""
    flows = {flow.id: flow.name for flow in client.read_flows(limit=200)}
    failed = _failed_runs(client, flows, as_of - _LOOK_BACK)
    present = [_due_run(run, flows) for run in server_queries.fetch_waiting_runs(client)]
    upcoming, seen = [], set()
    for run in server_queries.fetch_scheduled_runs(client):
        one = _due_run(run, flows)
        if (one.flow, one.use_case) not in seen:
            seen.add((one.flow, one.use_case))
            upcoming.append(one)
    left_out = max(len(upcoming) - _MOST_UPCOMING, 0)
    return ServerRuns(tuple(failed), tuple(present), tuple(upcoming[:_MOST_UPCOMING]), left_out)


def _failed_runs(
    client: SyncPrefectClient, flows: dict[UUID, str], since: datetime
) -> Iterator[FailedRun]:
    """The last run of each flow and use case that failed in a way of its own."""
    groups: dict[tuple[str, str, str, str], list[FlowRun]] = {}
    for run in server_queries.fetch_ended_badly(client, since, _NO_FAILURES):
        state = run.state
        told = (state.name or "", state.message or "") if state else ("", "")
        groups.setdefault((*_flow_and_use_case(run, flows), *told), []).append(run)
    last_runs: dict[tuple[str, str], FlowRun | None] = {}
    for (flow, case, name, message), runs in list(groups.items())[:_MOST_FAILED]:
        if (flow, case) not in last_runs:
            tags = [ASSAY_TAG, flow, case]
            last_runs[flow, case] = server_queries.fetch_last_ended_of(client, tags)
        last, run = last_runs[flow, case], runs[0]
        if run.end_time is None:
            continue
        yield FailedRun(
            flow,
            case,
            run.name,
            name,
            shorten_text(message or "no reason is known"),
            run.start_time or run.end_time,
            run.end_time,
            run_url(run.id),
            len(runs),
            settled=last is not None and last.id != run.id and _ended_well(last),
        )


def _ended_well(run: FlowRun) -> bool:
    return run.state is not None and run.state.is_completed()


def _due_run(run: FlowRun, flows: dict[UUID, str]) -> DueRun:
    flow, case = _flow_and_use_case(run, flows)
    moment = run.start_time or run.expected_start_time or run.created
    assert moment is not None, "a server gives each run a moment"
    state = (run.state.name if run.state else None) or ""
    reference = str(run.parameters.get("reference") or "")
    return DueRun(flow, case, state, moment, run_url(run.id), reference)


def _flow_and_use_case(run: FlowRun, flows: dict[UUID, str]) -> tuple[str, str]:
    flow = flows.get(run.flow_id, "")
    return flow, server_queries.use_case_of(run, flow)
