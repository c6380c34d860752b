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
    _gauge("assay_up", ("part",), "Whether a part could be asked: server, bucket"),
    _gauge("assay_gather_seconds", ("part",), "What it took to ask it the last time"),
    _gauge("assay_info", ("version",), "Always 1; which Assay tells this"),
)

SERVER_METRICS = (
    _gauge(
        "assay_flow_runs",
        (*_RUN_LABELS, "state"),
        "Flow runs that are due and have not ended: Late, Pending, Running, Paused (a person is "
        "asked), AwaitingRetry",
    ),
    _gauge(
        "assay_flow_run_oldest_timestamp_seconds",
        (*_RUN_LABELS, "state"),
        "When the one of them that waits longest was due",
    ),
    _counter(
        "assay_flow_runs_ended_total",
        (*_RUN_LABELS, "type", "state"),
        "Flow runs that ended since the endpoint was started, by the type and the name of their "
        "last state",
    ),
    _gauge(
        "assay_flow_run_ended_timestamp_seconds",
        (*_RUN_LABELS, "type"),
        "When one last ended so, of the last 200 and those since",
    ),
    MetricDefinition(
        "assay_flow_run_duration_seconds",
        "histogram",
        _RUN_LABELS,
        "How long runs ran that ended, without waiting and pauses",
    ),
    MetricDefinition(
        "assay_flow_run_start_delay_seconds",
        "histogram",
        ("flow",),
        "From when a run was due to when it began",
    ),
    _counter(
        "assay_steps_total",
        (*_USE_CASE_LABEL, "stage", "result"),
        "Steps of runs that ended: done, cached (found in the memo), failed",
    ),
    _counter(
        "assay_step_seconds_total",
        (*_USE_CASE_LABEL, "stage"),
        "What the steps took that were done",
    ),
    _gauge("assay_workers", ("pool", "status"), "Workers of Assay's pools: online, offline"),
    _gauge("assay_bucket_verified_timestamp_seconds", (), "When the whole bucket was last read"),
    _gauge("assay_bucket_intact", (), "Whether all of it was what its names say"),
    _gauge("assay_bucket_objects", (), "How many objects it held then"),
    _gauge("assay_bucket_bytes", (), "How many bytes these were"),
)

BUCKET_METRICS = (
    _gauge(
        "assay_journal_current",
        (*_USE_CASE_LABEL, "journal"),
        "Whether a journal (model, batches) was read to its end and its chain holds; where not, "
        "nothing is told of it",
    ),
    _counter(
        "assay_journal_entries_total",
        (*_USE_CASE_LABEL, "kind"),
        "Entries of a model's journal: registered, rejected, stopped, promoted, rolled_back, ...",
    ),
    _gauge(
        "assay_reports_unreadable",
        _USE_CASE_LABEL,
        "Reports that the figures rest on and cannot be had",
    ),
    _gauge("assay_champion_version", _USE_CASE_LABEL, "The champion's number; absent without one"),
    _gauge("assay_champion_timestamp_seconds", _USE_CASE_LABEL, "When it was made champion"),
    _gauge(
        "assay_waiver_expires_timestamp_seconds",
        _USE_CASE_LABEL,
        "When the waiver ends that the champion rests on; it is not loaded then",
    ),
    _gauge(
        "assay_challenger_version",
        _USE_CASE_LABEL,
        "A challenger that waits: for a person, or batches",
    ),
    _gauge("assay_challenger_timestamp_seconds", _USE_CASE_LABEL, "Since when it waits"),
    _gauge(
        "assay_asked_timestamp_seconds",
        _USE_CASE_LABEL,
        "Since when a person is asked, because retraining did not help",
    ),
    _gauge(
        "assay_look_timestamp_seconds",
        (*_USE_CASE_LABEL, "at"),
        "When the monitor last looked at the champion; at rows: judged rows; at labels: labels",
    ),
    _gauge(
        "assay_look_verdict", (*_USE_CASE_LABEL, "verdict"), "1 for the last look's verdict, else 0"
    ),
    _gauge(
        "assay_look_checks", (*_USE_CASE_LABEL, "verdict"), "Checks of the last look by verdict"
    ),
    _gauge(
        "assay_look_rows",
        (*_USE_CASE_LABEL, "at"),
        "Rows, and labelled rows, that were last judged",
    ),
    _gauge(
        "assay_label_coverage_ratio",
        _USE_CASE_LABEL,
        "Rows with a label, of those that should have one",
    ),
    _gauge(
        "assay_batches_missed",
        _USE_CASE_LABEL,
        "Batches that were due and did not come, at the last look",
    ),
    _gauge(
        "assay_performance",
        _PERFORMANCE_LABELS,
        "The champion's scores: registered on the test rows, expected now, realised by labels",
    ),
    _gauge("assay_performance_low", _PERFORMANCE_LABELS, "Lower end of its interval (registered)"),
    _gauge("assay_performance_high", _PERFORMANCE_LABELS, "Upper end of it"),
    _gauge(
        "assay_performance_drop",
        _PERFORMANCE_LABELS,
        "What is judged: how far the score fell (expected), or lies below what was expected of the "
        "same rows (realised)",
    ),
    _gauge("assay_performance_drop_low", _PERFORMANCE_LABELS, "Lower end of its interval"),
    _gauge("assay_performance_drop_high", _PERFORMANCE_LABELS, "Upper end of it"),
    _gauge("assay_performance_drop_limit", _USE_CASE_LABEL, "What is accepted of it"),
    _gauge(
        "assay_fairness_gap",
        _GAP_LABELS,
        "A group against the reference group: difference, or ratio; registered, or realised",
    ),
    _gauge("assay_fairness_gap_low", _GAP_LABELS, "Lower end of its interval"),
    _gauge("assay_fairness_gap_high", _GAP_LABELS, "Upper end of it"),
    _gauge(
        "assay_fairness_gap_limit",
        _GAP_LABELS,
        "What people accept: a difference up to it either way; a ratio from it to its inverse",
    ),
    _gauge(
        "assay_drift_columns",
        (*_USE_CASE_LABEL, "verdict"),
        "Columns by verdict; a caution has shifted",
    ),
    _gauge(
        "assay_drift_distance",
        (*_USE_CASE_LABEL, "column"),
        "Jensen-Shannon distance from the reference beyond chance, of the 30 greatest",
    ),
    _gauge(
        "assay_drift_distance_limit", _USE_CASE_LABEL, "From which on a column may count as shifted"
    ),
    _counter("assay_batches_total", (*_USE_CASE_LABEL, "role"), "Batches scored: served, shadow"),
    _counter(
        "assay_rows_scored_total", (*_USE_CASE_LABEL, "role"), "Rows in them that were scored"
    ),
    _counter(
        "assay_rows_unfit_total", (*_USE_CASE_LABEL, "role"), "Rows in them that could not be"
    ),
    _counter(
        "assay_scoring_seconds_total", (*_USE_CASE_LABEL, "role"), "What it took to score them"
    ),
    _counter(
        "assay_batches_refused_total", _USE_CASE_LABEL, "Batches that could not be scored at all"
    ),
    _counter(
        "assay_labels_total", _USE_CASE_LABEL, "Rows of labels that came, again where they changed"
    ),
    _gauge("assay_batch_timestamp_seconds", _USE_CASE_LABEL, "When a batch was last served"),
)

METRIC_DEFINITIONS: Mapping[str, MetricDefinition] = {
    f.name: f for f in (*ENDPOINT_METRICS, *SERVER_METRICS, *BUCKET_METRICS)
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
