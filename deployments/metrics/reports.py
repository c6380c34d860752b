"""What is told of a gate's report: scores, drops, gaps and distances, with ends and limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from assay.deployments.metrics.definitions import MetricSamples
from assay.gates.report import Cell, Check, Report, Verdict

AddFromReport = Callable[[MetricSamples, str, Report, str], None]

_MAX_CHECKS = 100  # groups times metrics, of one report; columns are fewer
_MAX_COLUMNS = 30
_ALL_ROWS = "all"  # the group of all rows
_DIFFERENCE, _RATIO = "group minus reference", "group over reference"


def add_test_scores(samples: MetricSamples, case: str, report: Report, kind: str) -> None:
    """Of the performance gate: every score on the test rows, with its interval."""
    for row in _sheet_rows(report, lambda title: title == "Scores"):
        labels = {"use_case": case, "kind": kind, "metric": str(row["score"]), "group": _ALL_ROWS}
        samples.add_sample("assay_performance", _number(row["model"]), **labels)
        samples.add_sample("assay_performance_low", _number(row["low"]), **labels)
        samples.add_sample("assay_performance_high", _number(row["high"]), **labels)


def add_performance(samples: MetricSamples, case: str, report: Report, kind: str) -> None:
    """Of a look: the scores that are expected, or realised, and how far they fell."""
    column = f"{kind} now"
    found = _checks_named(report, f"{kind}[")[:_MAX_CHECKS]
    told_of = {(_check_metric(check, kind), check.group or _ALL_ROWS): check for check in found}
    # What is realised has a sheet of its own, where labels came later than their rows.
    wanted = str.startswith if kind == "realised" else str.__eq__
    for row in _sheet_rows(report, lambda title: wanted(title, "Performance")):
        key = (_row_metric(row), _row_group(row))
        if key in told_of:  # of other groups there are too few rows for any number
            labels = {"use_case": case, "kind": kind, "metric": key[0], "group": key[1]}
            samples.add_sample("assay_performance", _number(row[column]), **labels)
    for (metric, group), check in told_of.items():
        labels = {"use_case": case, "kind": kind, "metric": metric, "group": group}
        _add_interval(samples, "assay_performance_drop", check, labels)
        samples.add_sample("assay_performance_drop_limit", check.threshold, use_case=case)


def _check_metric(check: Check, kind: str) -> str:
    named = check.name.removeprefix(f"{kind}[").removesuffix("]")
    return named.removesuffix(f", {check.group}")


def add_fairness_gaps(samples: MetricSamples, case: str, report: Report, kind: str) -> None:
    """Of the fairness gate, or of a look: each group's gap to the reference group."""
    found = [(check, _gap_measure(check)) for check in report.checks]
    for check, measure in [one for one in found if one[1]][:_MAX_CHECKS]:
        labels = {
            "use_case": case,
            "kind": kind,
            "measure": measure,
            "metric": check.name.partition("[")[0],
            "group": check.group or _ALL_ROWS,
        }
        _add_interval(samples, "assay_fairness_gap", check, labels)
        samples.add_sample("assay_fairness_gap_limit", check.threshold, **labels)


def add_drift(samples: MetricSamples, case: str, report: Report, _: str) -> None:
    """Of a look: how many columns have shifted, and how far each is from the reference."""
    found = _checks_named(report, "shift[")
    verdicts = Counter(check.verdict for check in found)
    for verdict in (Verdict.PASS, Verdict.CAUTION, Verdict.UNKNOWN):
        samples.add_sample("assay_drift_columns", verdicts[verdict], use_case=case, verdict=verdict)
    for check in sorted(found, key=lambda check: -(check.estimate or 0.0))[:_MAX_COLUMNS]:
        column = check.name.removeprefix("shift[").removesuffix("]")
        samples.add_sample("assay_drift_distance", check.estimate, use_case=case, column=column)
        samples.add_sample("assay_drift_distance_limit", check.threshold, use_case=case)


def add_check_counts(samples: MetricSamples, case: str, report: Report, _: str) -> None:
    """Of a look: how many checks came to which verdict."""
    verdicts = Counter(check.verdict for check in report.checks)
    for verdict in Verdict:
        samples.add_sample("assay_look_checks", verdicts[verdict], use_case=case, verdict=verdict)


ADDERS_BY_KIND: Mapping[str, tuple[AddFromReport, ...]] = {
    "expected": (add_performance, add_drift),
    "realised": (add_performance, add_fairness_gaps),
}


def _add_interval(
    samples: MetricSamples, name: str, check: Check, labels: Mapping[str, str]
) -> None:
    """Estimate and ends; an end that is open is left out."""
    samples.add_sample(name, check.estimate, **labels)
    if check.estimate is not None and check.interval is not None:
        samples.add_sample(f"{name}_low", check.interval.low, **labels)
        samples.add_sample(f"{name}_high", check.interval.high, **labels)


def _gap_measure(check: Check) -> str:
    """What sort of gap a check is about; "" if none."""
    if check.estimate is None:
        return ""
    for ending, measure in ((_DIFFERENCE, "difference"), (_RATIO, "ratio")):
        if check.statistic.endswith(ending):
            return measure
    return ""


def _sheet_rows(report: Report, wanted: Callable[[str], bool]) -> Iterator[dict[str, Cell]]:
    """Of the sheets whose title is wanted."""
    for sheet in report.sheets:
        if wanted(sheet.title):
            yield from (dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows)


def _checks_named(report: Report, start: str) -> Sequence[Check]:
    return [check for check in report.checks if check.name.startswith(start)]


def _row_metric(row: Mapping[str, Cell]) -> str:
    return str(row["metric"]).lower().replace(" ", "_")


def _row_group(row: Mapping[str, Cell]) -> str:
    group = str(row["rows of"])
    return _ALL_ROWS if group == "all rows" else group


def _number(cell: Cell) -> float | None:
    return float(cell) if isinstance(cell, int | float) else None
