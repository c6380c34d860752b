"""Metrics of a Prefect server: waiting, running and ended runs, their steps, and workers.

It reads only runs that ended since the last scrape, and counters begin with the process. Steps are
counted when their run ends, so each counts once. New counts appear one scrape later, after a 0:
Prometheus sees no increase in a first value.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from prometheus_client import Counter, Histogram
from prometheus_client.core import Metric

from assay.deployments.deployment_plan import ASSAY_TAG
from assay.deployments.metrics import server_queries
from assay.deployments.metrics.definitions import METRIC_DEFINITIONS, MetricSamples
from assay.errors import ConfigError

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun, TaskRun

_REFRESH_SECONDS = 60.0  # seconds after which deployments are read again
_MAX_COUNTED_RUNS = 20_000  # runs that are remembered as counted
_OTHER = "other"
_EXPECTED_FAILURES = (("FAILED", "Failed"), ("CRASHED", "Crashed"), ("CANCELLED", "Cancelled"))
_DURATIONS = (1, 5, 15, 60, 300, 900, 3600, 14400)  # seconds
_DELAYS = (1, 5, 15, 60, 300, 900, 3600)


class ServerMetrics:
    """Metrics of the server that PREFECT_API_URL names."""

    def __init__(self) -> None:
        self._began = datetime.now(UTC)
        self._ended = server_queries.EndedRuns(self._began)
        self._counted: dict[UUID, datetime] = {}  # runs by when they ended, as far as counted
        self._last: dict[tuple[str, str, str], float] = {}
        self._flow_names: dict[UUID, str] = {}  # flows
        self._pools: dict[str, str] = {}  # pools, by the use cases that run there
        self._read = float("-inf")
        self._pending_counts: list[Callable[[], None]] = []
        self._runs = _counter("assay_flow_runs_ended_total")
        self._steps = _counter("assay_steps_total")
        self._seconds = _counter("assay_step_seconds_total")
        self._durations = _histogram("assay_flow_run_duration_seconds", _DURATIONS)
        self._delays = _histogram("assay_flow_run_start_delay_seconds", _DELAYS)

    def gather(self) -> list[Metric]:
        """Collect all metrics. Raises ConfigError without a server, and errors of the client."""
        from prefect.client.orchestration import get_client
        from prefect.settings import get_current_settings

        if get_current_settings().api.url is None:
            raise ConfigError("no server is named: PREFECT_API_URL is not set")
        told = MetricSamples()
        for count in self._pending_counts:
            count()
        self._pending_counts.clear()
        with get_client(httpx_settings={"timeout": 5.0}, sync_client=True) as client:
            self._refresh_names(client)
            self._count_ended(client)
            self._add_waiting_runs(client, told)
            self._add_workers(client, told)
            _add_verification(client, told)
        for (flow, case, kind), moment in self._last.items():
            name = "assay_flow_run_ended_timestamp_seconds"
            told.add_sample(name, moment, flow=flow, use_case=case, type=kind)
        kept = (self._runs, self._steps, self._seconds, self._durations, self._delays)
        return [*told.families(), *(family for one in kept for family in one.collect())]

    # --- who is who -------------------------------------------------------------------------

    def _refresh_names(self, client: SyncPrefectClient) -> None:
        if time.monotonic() - self._read < _REFRESH_SECONDS:
            return
        first = not self._flow_names
        self._flow_names = {flow.id: flow.name for flow in client.read_flows(limit=200)}
        found = server_queries.fetch_deployments(client)
        self._pools = {one.name: one.work_pool_name or "" for one in found}
        for one in found:
            flow = self._flow_names.get(one.flow_id, _OTHER)
            for kind, state in _EXPECTED_FAILURES:  # so that the first one is seen as an increase
                self._runs.labels(flow, one.name, kind.lower(), state)
        self._read = time.monotonic()
        if first:
            self._recall(server_queries.fetch_last_ended(client))

    def _flow_and_use_case(self, run: FlowRun) -> tuple[str, str]:
        """A run's flow and use case."""
        flow = self._flow_names.get(run.flow_id, _OTHER)
        named = [tag for tag in run.tags if tag not in {ASSAY_TAG, flow} and tag in self._pools]
        return flow, named[0] if named else _OTHER

    # --- what ended -------------------------------------------------------------------------

    def _recall(self, runs: Iterable[FlowRun]) -> None:
        """Remember runs that ended before the start, which are not counted."""
        for run in runs:
            self._note(run)

    def _count_ended(self, client: SyncPrefectClient) -> None:
        """Count ended runs after all requests succeeded, so that a failure loses nothing."""
        came = self._ended.fetch_new(client)
        fresh = {run.id: run for run in came if self._counted.get(run.id) != run.end_time}
        if any(_OTHER in self._flow_and_use_case(run) for run in fresh.values()):
            self._read = float("-inf")  # of a use case that is new, perhaps
            self._refresh_names(client)
        for step in list(server_queries.fetch_task_runs(client, list(fresh.values()))):
            if step.flow_run_id is None:
                continue
            run = fresh[step.flow_run_id]
            before = self._counted.get(run.id, self._began)  # a run that crashed and went on
            if step.end_time is not None and step.end_time > before:
                self._count_step(step, self._flow_and_use_case(run)[1])
        for run in fresh.values():
            self._count_run(run)
        self._ended.mark_counted()
        for gone in list(self._counted)[:-_MAX_COUNTED_RUNS]:
            del self._counted[gone]

    def _count_run(self, run: FlowRun) -> None:
        (flow, case), (kind, state) = self._flow_and_use_case(run), _state(run)
        self._pending_counts.append(self._runs.labels(flow, case, kind, state).inc)
        took = self._durations.labels(flow, case)
        self._pending_counts.append(partial(took.observe, run.total_run_time.total_seconds()))
        if run.start_time and run.expected_start_time:
            late = (run.start_time - run.expected_start_time).total_seconds()
            self._pending_counts.append(partial(self._delays.labels(flow).observe, max(late, 0.0)))
        self._note(run)

    def _note(self, run: FlowRun) -> None:
        """Remember when a run ended, and forget the oldest first."""
        assert run.end_time is not None, "it was asked for as one that ended"
        (flow, case), (kind, state) = self._flow_and_use_case(run), _state(run)
        self._runs.labels(flow, case, kind, state)
        last = self._last.get((flow, case, kind), 0.0)
        self._last[flow, case, kind] = max(last, run.end_time.timestamp())
        self._counted.pop(run.id, None)
        self._counted[run.id] = run.end_time

    def _count_step(self, step: TaskRun, case: str) -> None:
        stage, (kind, state) = server_queries.stage_name(step), _state(step)
        done = "done" if kind == "completed" else "failed"
        result = "cached" if state == "Cached" else done
        for one in ("done", "cached", "failed"):
            self._steps.labels(case, stage, one)
        self._pending_counts.append(self._steps.labels(case, stage, result).inc)
        if result == "done":
            took = self._seconds.labels(case, stage)
            self._pending_counts.append(partial(took.inc, step.total_run_time.total_seconds()))

    # --- what is now ------------------------------------------------------------------------

    def _add_waiting_runs(self, client: SyncPrefectClient, samples: MetricSamples) -> None:
        found: dict[tuple[str, str, str], list[float]] = {}
        for run in server_queries.fetch_waiting_runs(client):
            due = run.expected_start_time or run.start_time or datetime.now(UTC)
            found.setdefault((*self._flow_and_use_case(run), _state(run)[1]), []).append(
                due.timestamp()
            )
        for (flow, case, state), times in found.items():
            labels = {"flow": flow, "use_case": case, "state": state}
            samples.add_sample("assay_flow_runs", len(times), **labels)
            samples.add_sample("assay_flow_run_oldest_timestamp_seconds", min(times), **labels)

    def _add_workers(self, client: SyncPrefectClient, samples: MetricSamples) -> None:
        for pool in sorted({pool for pool in self._pools.values() if pool}):
            workers = client.read_workers_for_work_pool(pool)
            for status in ("ONLINE", "OFFLINE"):
                count = sum(worker.status.value == status for worker in workers)
                samples.add_sample("assay_workers", count, pool=pool, status=status.lower())


def _add_verification(client: SyncPrefectClient, samples: MetricSamples) -> None:
    """Add what the maintain flow found last."""
    found = server_queries.fetch_verification(client)
    if found is None or found.created is None:
        return
    with suppress(ValueError, LookupError, TypeError):  # anybody may publish under that key
        figures = json.loads(str(found.data))[0]
        for name in ("intact", "objects", "bytes"):
            samples.add_sample(f"assay_bucket_{name}", float(figures[name]))
        samples.add_sample("assay_bucket_verified_timestamp_seconds", found.created.timestamp())


def _state(run: Any) -> tuple[str, str]:
    """The type and the name of a run's state."""
    state = run.state
    return (state.type.value.lower(), state.name or "") if state else ("", "")


def _counter(name: str) -> Counter:
    figure = METRIC_DEFINITIONS[name]
    return Counter(name, figure.description, figure.labels, registry=None)


def _histogram(name: str, bounds: Sequence[float]) -> Histogram:
    figure = METRIC_DEFINITIONS[name]
    return Histogram(name, figure.description, figure.labels, registry=None, buckets=bounds)
