"""Metrics of a gate's report: scores, drops, gaps and distances, with intervals and limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from assay.deployments.metrics.definitions import MetricSamples
from assay.gates.report import Measurement, MeasurementKind, Report, Verdict

AddFromReport = Callable[[MetricSamples, str, Report, str], None]

_MAX_SERIES = 100  # groups times metrics of one report
_MAX_COLUMNS = 30
_ALL_ROWS = "all"  # the group of all rows
_DROP_KINDS: Mapping[str, tuple[MeasurementKind, MeasurementKind]] = {
    "expected": ("expected", "expected_drop"),
    "realised": ("realised", "realised_drop"),
}


def add_test_scores(samples: MetricSamples, case: str, report: Report, kind: str) -> None:
    """Every score of the performance gate on the test rows, with its interval."""
    for score in report.measurements_of("score"):
        _add_interval(samples, "assay_performance", score, _labels(case, kind, score))


def add_performance(samples: MetricSamples, case: str, report: Report, kind: str) -> None:
    """A look's expected or realised performance, and its drop."""
    value_kind, drop_kind = _DROP_KINDS[kind]
    drops = report.measurements_of(drop_kind)[:_MAX_SERIES]
    judged = {(drop.metric, drop.group) for drop in drops}
    for one in report.measurements_of(value_kind):
        if (one.metric, one.group) in judged:  # other groups have too few rows for a number
            samples.add_sample("assay_performance", one.value, **_labels(case, kind, one))
    for drop in drops:
        _add_interval(samples, "assay_performance_drop", drop, _labels(case, kind, drop))
        samples.add_sample("assay_performance_drop_limit", drop.limit, use_case=case)


def add_fairness_gaps(samples: MetricSamples, case: str, report: Report, kind: str) -> None:
    """Each group's gap to the reference group, of the fairness gate or of a look."""
    for gap in report.measurements_of("difference", "ratio")[:_MAX_SERIES]:
        labels = _labels(case, kind, gap) | {"measure": gap.kind}
        _add_interval(samples, "assay_fairness_gap", gap, labels)
        samples.add_sample("assay_fairness_gap_limit", gap.limit, **labels)


def add_drift(samples: MetricSamples, case: str, report: Report, _: str) -> None:
    """How many columns of a look have shifted, and how far each is from the reference."""
    shifts = [check for check in report.checks if check.family == "shift"]
    verdicts = Counter(check.verdict for check in shifts)
    for verdict in (Verdict.PASS, Verdict.CAUTION, Verdict.UNKNOWN):
        samples.add_sample("assay_drift_columns", verdicts[verdict], use_case=case, verdict=verdict)
    for check in sorted(shifts, key=lambda check: -(check.estimate or 0.0))[:_MAX_COLUMNS]:
        column = check.subject
        samples.add_sample("assay_drift_distance", check.estimate, use_case=case, column=column)
        samples.add_sample("assay_drift_distance_limit", check.threshold, use_case=case)


def add_check_counts(samples: MetricSamples, case: str, report: Report, _: str) -> None:
    """How many checks of a look have each verdict."""
    verdicts = Counter(check.verdict for check in report.checks)
    for verdict in Verdict:
        samples.add_sample("assay_look_checks", verdicts[verdict], use_case=case, verdict=verdict)


ADDERS_BY_KIND: Mapping[str, tuple[AddFromReport, ...]] = {
    "expected": (add_performance, add_drift),
    "realised": (add_performance, add_fairness_gaps),
}


def _labels(case: str, kind: str, measurement: Measurement) -> dict[str, str]:
    group = measurement.group or _ALL_ROWS
    return {"use_case": case, "kind": kind, "metric": measurement.metric, "group": group}


def _add_interval(
    samples: MetricSamples, name: str, measurement: Measurement, labels: Mapping[str, str]
) -> None:
    """Add the value and the ends of its interval, without an end that is open."""
    samples.add_sample(name, measurement.value, **labels)
    if measurement.value is not None and measurement.interval is not None:
        samples.add_sample(f"{name}_low", measurement.interval.low, **labels)
        samples.add_sample(f"{name}_high", measurement.interval.high, **labels)
