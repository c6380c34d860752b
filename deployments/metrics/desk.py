"""Metrics that files and journals of use cases give together: deadlines, and what each cost."""

from __future__ import annotations

from prometheus_client.core import Metric

from assay.deployments.desk.cost import WORKS, UseCaseCost
from assay.deployments.desk.reader import DeskReader
from assay.deployments.desk.use_case_state import UseCaseState
from assay.deployments.metrics.definitions import MetricSamples
from assay.util import clock


class DeskMetrics:
    """Metrics of what a reader of the desk reads."""

    def __init__(self, reader: DeskReader) -> None:
        self._reader = reader

    def gather(self) -> list[Metric]:
        """Collect all metrics. Raises StoreError if the bucket cannot be read."""
        told = MetricSamples()
        for state in self._reader.read_states(clock.parse_timestamp(None)):
            _add_deadline(state, told)
            if state.cost is not None and state.cost.is_complete:
                _add_cost(state.name, state.cost, told)
        return list(told.families())


def _add_deadline(state: UseCaseState, samples: MetricSamples) -> None:
    record = state.deadline
    if record is None:
        return
    case = state.name
    due = record.due.timestamp()
    samples.add_sample("assay_score_deadline_timestamp_seconds", due, use_case=case)
    samples.add_sample("assay_score_deadlines_missed", len(record.missed), use_case=case)
    if record.scored_at:
        samples.add_sample("assay_score_late_seconds", record.late or 0.0, use_case=case)


def _add_cost(case: str, cost: UseCaseCost, samples: MetricSamples) -> None:
    for work in WORKS:
        labels = {"use_case": case, "work": work}
        samples.add_sample("assay_work_cpu_seconds_total", cost.cpu[work], **labels)
        samples.add_sample("assay_work_seconds_total", cost.seconds[work], **labels)
        samples.add_sample("assay_work_runs_total", cost.runs[work], **labels)
    for share, size in (("own", cost.own_bytes), ("shared", cost.shared_bytes)):
        samples.add_sample("assay_stored_bytes", size, use_case=case, share=share)
