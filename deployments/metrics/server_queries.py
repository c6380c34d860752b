"""Queries to a Prefect server, each for a bounded number of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from assay.deployments.deployment_plan import ASSAY_TAG

if TYPE_CHECKING:
    from uuid import UUID

    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import Artifact, FlowRun, TaskRun
    from prefect.client.schemas.responses import DeploymentResponse

_PAGE_ROWS = 200  # rows: what a server gives at once
_PAGES_PER_SCRAPE = 5  # at a scrape; the rest at the next
_RUNS_PER_REQUEST = 25  # runs whose steps are read together: of forty each they fit
_STEP_DELAY = timedelta(seconds=10)  # until a server has noted how a run's last steps went
_END_DELAY = timedelta(minutes=2)  # so much later may a server hear that a run has ended
_SCHEDULED_TAG = "auto-scheduled"  # Prefect's
_VERIFICATION_KEY = "bucket-figures"  # what tasks/verify.py publishes
# Failed by name, but the journal knows them better, or they are no failure.
_JOURNAL_STATES = (
    *(
        "Rejected",
        "Infeasible",
        "Invalid",
        "Refused",
        "Declined",
        "Promotion refused",
        "Unanswered",
        "No champion",
    ),
    *("Incomplete", "Retrain"),
)
_T = TypeVar("_T")


class EndedRuns:
    """Ended runs in pages: new ones at each call, and some that were returned before."""

    def __init__(self, since: datetime) -> None:
        self._window, self._next = (since, since, 0), (since, since, 0)

    def fetch_new(self, client: SyncPrefectClient) -> list[FlowRun]:
        """At most one scrape's worth of new runs; the next call continues."""
        after, before, offset = self._window
        if offset == 0:
            before = datetime.now(UTC) - _STEP_DELAY
        found: list[FlowRun] = []
        for _ in range(_PAGES_PER_SCRAPE):
            page = _fetch_ended(client, offset + len(found), after - _END_DELAY, before)
            found += page
            if len(page) < _PAGE_ROWS:
                self._next = before, before, 0
                return found
        self._next = after, before, offset + len(found)
        return found

    def mark_counted(self) -> None:
        """Continue after these runs; until then they are returned again."""
        self._window = self._next


def fetch_last_ended(client: SyncPrefectClient) -> list[FlowRun]:
    """One page of the last ended runs."""
    return _fetch_ended(client, 0, datetime.fromtimestamp(0, UTC), datetime.now(UTC))


def fetch_failed_runs(client: SyncPrefectClient) -> list[FlowRun]:
    """One page of the last runs that an error or a crash ended."""
    from prefect.client.schemas.filters import FlowRunFilterEndTime, FlowRunFilterState
    from prefect.client.schemas.filters import FlowRunFilterStateName as Names
    from prefect.client.schemas.filters import FlowRunFilterStateType as Types
    from prefect.client.schemas.objects import StateType
    from prefect.client.schemas.sorting import FlowRunSort

    failed = FlowRunFilterState(
        type=Types(any_=[StateType.FAILED, StateType.CRASHED]),
        name=Names(not_any_=list(_JOURNAL_STATES)),
    )
    wanted = _tagged_runs_filter(state=failed, end_time=FlowRunFilterEndTime(is_null_=False))
    by_end = FlowRunSort.END_TIME_DESC
    return client.read_flow_runs(flow_run_filter=wanted, sort=by_end, limit=_PAGE_ROWS, offset=0)


def fetch_ended_badly(
    client: SyncPrefectClient, since: datetime, but: Sequence[str]
) -> list[FlowRun]:
    """One page of the runs that failed or crashed since a moment, the last first, refusals
    included. `but` names states that do not count.
    """
    from prefect.client.schemas.filters import FlowRunFilterEndTime, FlowRunFilterState
    from prefect.client.schemas.filters import FlowRunFilterStateName as Names
    from prefect.client.schemas.filters import FlowRunFilterStateType as Types
    from prefect.client.schemas.objects import StateType
    from prefect.client.schemas.sorting import FlowRunSort

    failed = FlowRunFilterState(
        type=Types(any_=[StateType.FAILED, StateType.CRASHED]), name=Names(not_any_=list(but))
    )
    wanted = _tagged_runs_filter(state=failed, end_time=FlowRunFilterEndTime(after_=since))
    by_end = FlowRunSort.END_TIME_DESC
    return client.read_flow_runs(flow_run_filter=wanted, sort=by_end, limit=_PAGE_ROWS, offset=0)


def fetch_scheduled_runs(client: SyncPrefectClient) -> list[FlowRun]:
    """The next scheduled runs, the earliest first: a bounded number of pages."""
    from prefect.client.schemas.filters import FlowRunFilterState
    from prefect.client.schemas.filters import FlowRunFilterStateName as Names
    from prefect.client.schemas.sorting import FlowRunSort

    wanted = _tagged_runs_filter(state=FlowRunFilterState(name=Names(any_=["Scheduled"])))
    first = FlowRunSort.EXPECTED_START_TIME_ASC
    return list(
        _fetch_pages(
            lambda offset: client.read_flow_runs(
                flow_run_filter=wanted, sort=first, limit=_PAGE_ROWS, offset=offset
            )
        )
    )


def fetch_last_ended_of(client: SyncPrefectClient, tags: list[str]) -> FlowRun | None:
    """The run with these tags that ended last."""
    from prefect.client.schemas.filters import (
        FlowRunFilter,
        FlowRunFilterEndTime,
        FlowRunFilterTags,
    )
    from prefect.client.schemas.sorting import FlowRunSort

    wanted = FlowRunFilter(
        tags=FlowRunFilterTags(all_=tags), end_time=FlowRunFilterEndTime(is_null_=False)
    )
    by_end = FlowRunSort.END_TIME_DESC
    found = client.read_flow_runs(flow_run_filter=wanted, sort=by_end, limit=1, offset=0)
    return found[0] if found else None


def fetch_last_begun(client: SyncPrefectClient, deployment: UUID) -> datetime | None:
    """When a run of a deployment last began."""
    from prefect.client.schemas.filters import (
        FlowRunFilter,
        FlowRunFilterDeploymentId,
        FlowRunFilterStartTime,
    )
    from prefect.client.schemas.sorting import FlowRunSort

    wanted = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=[deployment]),
        start_time=FlowRunFilterStartTime(is_null_=False),
    )
    newest = FlowRunSort.START_TIME_DESC
    found = client.read_flow_runs(flow_run_filter=wanted, sort=newest, limit=1, offset=0)
    return found[0].start_time if found else None


def _fetch_ended(
    client: SyncPrefectClient, offset: int, after: datetime, before: datetime
) -> list[FlowRun]:
    from prefect.client.schemas.filters import FlowRunFilterEndTime, FlowRunFilterState
    from prefect.client.schemas.filters import FlowRunFilterStateType as Types
    from prefect.client.schemas.objects import TERMINAL_STATES
    from prefect.client.schemas.sorting import FlowRunSort

    wanted = _tagged_runs_filter(
        end_time=FlowRunFilterEndTime(after_=after, before_=before),
        state=FlowRunFilterState(type=Types(any_=sorted(TERMINAL_STATES))),
    )
    by_end = FlowRunSort.END_TIME_DESC
    return client.read_flow_runs(
        flow_run_filter=wanted, sort=by_end, limit=_PAGE_ROWS, offset=offset
    )


def fetch_waiting_runs(client: SyncPrefectClient) -> Iterator[FlowRun]:
    """Runs that are due and have not ended, the earliest due first."""
    from prefect.client.schemas.filters import FlowRunFilterState, Operator
    from prefect.client.schemas.filters import FlowRunFilterStateName as Names
    from prefect.client.schemas.filters import FlowRunFilterStateType as Types
    from prefect.client.schemas.objects import StateType
    from prefect.client.schemas.sorting import FlowRunSort

    types = [StateType.PENDING, StateType.RUNNING, StateType.PAUSED, StateType.CANCELLING]
    # Scheduled are also those of next week.
    names = ["Late", "AwaitingRetry", "AwaitingConcurrencySlot", "Resuming"]
    state = FlowRunFilterState(type=Types(any_=types), name=Names(any_=names))
    state.operator = Operator.or_  # by attribute: the model's typed signature leaves it out
    wanted, first = _tagged_runs_filter(state=state), FlowRunSort.EXPECTED_START_TIME_ASC
    return _fetch_pages(
        lambda offset: client.read_flow_runs(
            flow_run_filter=wanted, sort=first, limit=_PAGE_ROWS, offset=offset
        )
    )


def fetch_task_runs(client: SyncPrefectClient, runs: Sequence[FlowRun]) -> Iterator[TaskRun]:
    """The task runs of some runs."""
    from prefect.client.schemas.filters import TaskRunFilter, TaskRunFilterFlowRunId
    from prefect.client.schemas.sorting import TaskRunSort

    order = TaskRunSort.ID_DESC
    for start in range(0, len(runs), _RUNS_PER_REQUEST):
        ids = [run.id for run in runs[start : start + _RUNS_PER_REQUEST]]
        wanted = TaskRunFilter(flow_run_id=TaskRunFilterFlowRunId(any_=ids))

        def ask(offset: int, task_filter: TaskRunFilter = wanted) -> list[TaskRun]:
            return client.read_task_runs(
                task_run_filter=task_filter, sort=order, limit=_PAGE_ROWS, offset=offset
            )

        yield from _fetch_pages(ask)


def fetch_deployments(client: SyncPrefectClient) -> list[DeploymentResponse]:
    """Assay's deployments."""
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags

    marked = DeploymentFilter(tags=DeploymentFilterTags(all_=[ASSAY_TAG]))
    return list(
        _fetch_pages(
            lambda offset: client.read_deployments(
                deployment_filter=marked, limit=_PAGE_ROWS, offset=offset
            )
        )
    )


def fetch_verification(client: SyncPrefectClient) -> Artifact | None:
    """What the last verification of the bucket published."""
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
    from prefect.client.schemas.sorting import ArtifactSort

    wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[_VERIFICATION_KEY]))
    newest = ArtifactSort.CREATED_DESC
    found = client.read_artifacts(artifact_filter=wanted, sort=newest, limit=1)
    return found[0] if found else None


def use_case_of(run: FlowRun, flow: str) -> str:
    """The use case in a run's tags: what is neither Assay's own mark, nor the flow, nor Prefect's
    mark of a scheduled run; "" if there is none.
    """
    return next((tag for tag in run.tags if tag not in {ASSAY_TAG, flow, _SCHEDULED_TAG}), "")


def stage_name(step: TaskRun) -> str:
    """The task's name without the suffix that Prefect adds."""
    return step.task_key.rpartition("-")[0] or step.task_key


def _tagged_runs_filter(**wanted: Any) -> Any:
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterTags

    return FlowRunFilter(tags=FlowRunFilterTags(all_=[ASSAY_TAG]), **wanted)


def _fetch_pages(ask: Callable[[int], list[_T]]) -> Iterator[_T]:
    offset = 0
    for _ in range(_PAGES_PER_SCRAPE):
        page = ask(offset)
        yield from page
        offset += len(page)
        if len(page) < _PAGE_ROWS:
            return
