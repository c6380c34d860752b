"""Every metric: its name, type, labels and meaning.

Names and units follow Prometheus (https://prometheus.io/docs/practices/naming/): base units,
`_total` for counters, moments as seconds since 1970, so that an age is `time() - ...`. No label
has unbounded values: no run, digest or version. `use_case` is the name of a use case, which is its
model's; runs of no known deployment have "other".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric


@dataclass(frozen=True, slots=True)
class MetricDefinition:
    """A metric. `name` is as Prometheus keeps it; a histogram's is without its suffixes."""

    name: str
    kind: Literal["gauge", "counter", "histogram"]
    labels: tuple[str, ...]
    description: str

    @property
    def series(self) -> tuple[str, ...]:
        """The names that queries can use."""
        ends = ("_bucket", "_sum", "_count") if self.kind == "histogram" else ("",)
        return tuple(self.name + end for end in ends)


_RUN_LABELS = ("flow", "use_case")
_USE_CASE_LABEL = ("use_case",)
_PERFORMANCE_LABELS = ("use_case", "kind", "metric", "group")
_GAP_LABELS = ("use_case", "kind", "measure", "metric", "group")


def _gauge(name: str, labels: tuple[str, ...], description: str) -> MetricDefinition:
    return MetricDefinition(name, "gauge", labels, description)


def _counter(name: str, labels: tuple[str, ...], description: str) -> MetricDefinition:
    return MetricDefinition(name, "counter", labels, description)


ENDPOINT_METRICS = (
    _gauge(
        "assay_up",
        ("part",),
        "1 if the endpoint could reach a part of the set-up: server, bucket, desk",
    ),
    _gauge("assay_gather_seconds", ("part",), "Duration of the last request to that part"),
    _gauge("assay_info", ("version",), "Always 1; the label holds Assay's version"),
)

SERVER_METRICS = (
    _gauge(
        "assay_flow_runs",
        (*_RUN_LABELS, "state"),
        "Flow runs that are due and have not ended: Late, Pending, Running, Paused (waiting "
        "for a person), AwaitingRetry",
    ),
    _gauge(
        "assay_flow_run_oldest_timestamp_seconds",
        (*_RUN_LABELS, "state"),
        "Due time of the run that has waited longest",
    ),
    _counter(
        "assay_flow_runs_ended_total",
        (*_RUN_LABELS, "type", "state"),
        "Flow runs that ended since the endpoint started, by type and name of their last state",
    ),
    _gauge(
        "assay_flow_run_ended_timestamp_seconds",
        (*_RUN_LABELS, "type"),
        "End of the latest run with this type of state, among the last 200 and all since",
    ),
    MetricDefinition(
        "assay_flow_run_duration_seconds",
        "histogram",
        _RUN_LABELS,
        "Running time of ended runs, without waiting and pauses",
    ),
    MetricDefinition(
        "assay_flow_run_start_delay_seconds",
        "histogram",
        ("flow",),
        "Delay from a run's due time to its start",
    ),
    _counter(
        "assay_steps_total",
        (*_USE_CASE_LABEL, "stage", "result"),
        "Steps of ended runs: done, cached, failed",
    ),
    _counter(
        "assay_step_seconds_total",
        (*_USE_CASE_LABEL, "stage"),
        "Duration of the steps that were done",
    ),
    _gauge("assay_workers", ("pool", "status"), "Workers of Assay's pools: online, offline"),
    _gauge(
        "assay_bucket_verified_timestamp_seconds", (), "Last complete verification of the bucket"
    ),
    _gauge("assay_bucket_intact", (), "1 if that verification found no damage"),
    _gauge("assay_bucket_objects", (), "Objects in the bucket at that time"),
    _gauge("assay_bucket_bytes", (), "Bytes in these objects"),
)

BUCKET_METRICS = (
    _gauge(
        "assay_journal_current",
        (*_USE_CASE_LABEL, "journal"),
        "1 if a journal (model, batches) was read to its end and its hash chain is valid; if "
        "0, its other metrics are left out",
    ),
    _counter(
        "assay_journal_entries_total",
        (*_USE_CASE_LABEL, "kind"),
        "Entries of a model's journal: registered, rejected, stopped, promoted, rolled_back, ...",
    ),
    _gauge(
        "assay_reports_unreadable",
        _USE_CASE_LABEL,
        "Reports that metrics need and that cannot be read",
    ),
    _gauge(
        "assay_champion_version",
        _USE_CASE_LABEL,
        "Version number of the champion; absent without a champion",
    ),
    _gauge(
        "assay_champion_timestamp_seconds", _USE_CASE_LABEL, "When this version became champion"
    ),
    _gauge(
        "assay_waiver_expires_timestamp_seconds",
        _USE_CASE_LABEL,
        "Expiry of the waiver under which the champion was promoted; after it, the champion "
        "is not loaded",
    ),
    _gauge(
        "assay_challenger_version",
        _USE_CASE_LABEL,
        "Version number of a challenger that waits for a person or for batches",
    ),
    _gauge("assay_challenger_timestamp_seconds", _USE_CASE_LABEL, "Start of the challenger's wait"),
    _gauge(
        "assay_asked_timestamp_seconds",
        _USE_CASE_LABEL,
        "Since when a person is asked, because retraining did not help",
    ),
    _gauge(
        "assay_look_timestamp_seconds",
        (*_USE_CASE_LABEL, "at"),
        "Last look of the monitor at the champion; at all: any look; at rows: one that judged "
        "rows; at labels: one that judged labels",
    ),
    _gauge(
        "assay_look_verdict",
        (*_USE_CASE_LABEL, "verdict"),
        "1 for the last look's verdict, 0 for the others",
    ),
    _gauge(
        "assay_look_checks", (*_USE_CASE_LABEL, "verdict"), "Checks of the last look, by verdict"
    ),
    _gauge(
        "assay_look_rows",
        (*_USE_CASE_LABEL, "at"),
        "Rows, and labelled rows, judged by the last look that judged any",
    ),
    _gauge(
        "assay_label_coverage_ratio",
        _USE_CASE_LABEL,
        "Share of rows with a label, among those that should have one",
    ),
    _gauge(
        "assay_batches_missed",
        _USE_CASE_LABEL,
        "Batches that were due and missing at the last look",
    ),
    _gauge(
        "assay_performance",
        _PERFORMANCE_LABELS,
        "The champion's scores: registered (on the test rows), expected (without labels), "
        "realised (with labels)",
    ),
    _gauge(
        "assay_performance_low",
        _PERFORMANCE_LABELS,
        "Lower end of the score's interval (registered only)",
    ),
    _gauge(
        "assay_performance_high",
        _PERFORMANCE_LABELS,
        "Upper end of the score's interval (registered only)",
    ),
    _gauge(
        "assay_performance_drop",
        _PERFORMANCE_LABELS,
        "The drop that is judged: below the reference (expected), or below what was expected "
        "of the same rows (realised)",
    ),
    _gauge("assay_performance_drop_low", _PERFORMANCE_LABELS, "Lower end of the drop's interval"),
    _gauge("assay_performance_drop_high", _PERFORMANCE_LABELS, "Upper end of the drop's interval"),
    _gauge("assay_performance_drop_limit", _USE_CASE_LABEL, "Accepted drop"),
    _gauge(
        "assay_fairness_gap",
        _GAP_LABELS,
        "Gap of a group to the reference group: difference or ratio; registered or realised",
    ),
    _gauge("assay_fairness_gap_low", _GAP_LABELS, "Lower end of the gap's interval"),
    _gauge("assay_fairness_gap_high", _GAP_LABELS, "Upper end of the gap's interval"),
    _gauge(
        "assay_fairness_gap_limit",
        _GAP_LABELS,
        "Accepted gap: a difference up to this limit in either direction; a ratio from it to "
        "its inverse",
    ),
    _gauge(
        "assay_drift_columns",
        (*_USE_CASE_LABEL, "verdict"),
        "Columns by verdict; a column with a caution has shifted",
    ),
    _gauge(
        "assay_drift_distance",
        (*_USE_CASE_LABEL, "column"),
        "Jensen-Shannon distance from the reference beyond chance, for the 30 greatest",
    ),
    _gauge(
        "assay_drift_distance_limit",
        _USE_CASE_LABEL,
        "Distance from which a column may count as shifted",
    ),
    _counter("assay_batches_total", (*_USE_CASE_LABEL, "role"), "Scored batches: served, shadow"),
    _counter("assay_rows_scored_total", (*_USE_CASE_LABEL, "role"), "Scored rows in these batches"),
    _counter(
        "assay_rows_unfit_total",
        (*_USE_CASE_LABEL, "role"),
        "Rows in these batches that could not be scored",
    ),
    _counter(
        "assay_scoring_seconds_total",
        (*_USE_CASE_LABEL, "role"),
        "Time spent on scoring these batches",
    ),
    _counter(
        "assay_batches_refused_total", _USE_CASE_LABEL, "Batches that could not be scored at all"
    ),
    _counter(
        "assay_labels_total",
        _USE_CASE_LABEL,
        "Rows of labels that arrived; a changed label counts again",
    ),
    _gauge("assay_batch_timestamp_seconds", _USE_CASE_LABEL, "When a batch was last served"),
)

_WORK_LABELS = (*_USE_CASE_LABEL, "work")

DESK_METRICS = (
    _gauge(
        "assay_score_deadline_timestamp_seconds",
        _USE_CASE_LABEL,
        "The last deadline of scoring (`score.by`); absent without one, or without a champion",
    ),
    _gauge(
        "assay_score_deadlines_missed",
        _USE_CASE_LABEL,
        "Deadlines in a row that passed without a scoring; 0 once a batch is scored",
    ),
    _gauge(
        "assay_score_late_seconds",
        _USE_CASE_LABEL,
        "By how much the last scoring came after the deadline that it ended; 0 if it was in time",
    ),
    _counter(
        "assay_work_cpu_seconds_total",
        _WORK_LABELS,
        "CPU seconds of recorded work: train (with retraining), score, monitor; without steps of "
        "before CPU time was recorded",
    ),
    _counter(
        "assay_work_seconds_total", _WORK_LABELS, "Time that this work took, cached steps left out"
    ),
    _counter(
        "assay_work_runs_total",
        _WORK_LABELS,
        "Runs with an answer (train), scored batches (score), looks (monitor)",
    ),
    _gauge(
        "assay_stored_bytes",
        (*_USE_CASE_LABEL, "share"),
        "Bytes of the objects that a use case's runs, batches and looks name: own, or shared with "
        "another use case",
    ),
)

METRIC_DEFINITIONS: Mapping[str, MetricDefinition] = {
    f.name: f for f in (*ENDPOINT_METRICS, *SERVER_METRICS, *BUCKET_METRICS, *DESK_METRICS)
}


class MetricSamples:
    """The samples of one scrape, in the order of `METRIC_DEFINITIONS`."""

    def __init__(self) -> None:
        self._samples: dict[str, dict[tuple[str, ...], float]] = {}

    def add_sample(self, name: str, value: float | None, /, **labels: str) -> None:
        """Add one sample with the labels that its metric defines; None is left out."""
        figure = METRIC_DEFINITIONS[name]
        if set(labels) != set(figure.labels):
            raise ValueError(f"{name} has the labels {figure.labels}, not {tuple(labels)}")
        if value is not None:
            key = tuple(labels[label] for label in figure.labels)
            self._samples.setdefault(name, {})[key] = float(value)

    def merge(self, other: MetricSamples) -> None:
        """Add all samples of another."""
        for name, found in other._samples.items():
            self._samples.setdefault(name, {}).update(found)

    def families(self) -> Iterator[Metric]:
        """The samples for the client library."""
        for name, figure in METRIC_DEFINITIONS.items():
            if name in self._samples:
                kind = CounterMetricFamily if figure.kind == "counter" else GaugeMetricFamily
                family = kind(name, figure.description, labels=figure.labels)
                for key, value in self._samples[name].items():
                    family.add_metric(key, value)
                yield family
