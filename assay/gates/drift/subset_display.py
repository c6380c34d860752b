"""What people look up of subsets of rows: sheets, figures, the summary."""

from __future__ import annotations

from collections.abc import Sequence

from assay.config.gates import DriftSettings
from assay.gates.drift.checks import metric_name
from assay.gates.drift.column_shift import ColumnShift
from assay.gates.drift.subset_checks import describe_lack, finite, format_value, how_many
from assay.gates.drift.subset_performance import MetricEstimate, SubsetPerformance
from assay.gates.report import Cell, Check, Figure, Point, Series, Sheet, Verdict

_NAMES = 3


def performance_sheet(subsets: Sequence[SubsetPerformance]) -> Sheet:
    """Expected and realised performance, overall and by group."""
    rows = tuple(
        (
            subset.label or "all rows", metric_name(one.metric), subset.rows,
            finite(one.reference), *_expected(one), finite(one.drop.value), one.drop.interval.low,
            one.drop.interval.high, finite(one.weighted), subset.support.lacking_share,
            subset.labelled_rows or None, *_realised(one),
        )
        for subset in subsets
        for one in subset.metrics
    )  # fmt: skip
    return Sheet(
        title="Performance",
        columns=(
            "rows of", "metric", "rows", "reference", "expected now", "at least", "at most",
            "worse by", "worse at least", "worse at most", "expected by features",
            "unlike the reference", "labelled", "realised now", "realised at least",
            "realised at most",
        ),
        rows=rows,
        note="Expected values need no labels. Their intervals hold the value that labels of these "
        "very rows would show. Errors are worse by a share of the reference's error, scores by "
        "their difference. Values by features come of reference rows that are weighted to the "
        "current ones, where features moved.",
    )  # fmt: skip


def chunk_sheet(chunks: Sequence[SubsetPerformance], margin: float) -> Sheet:
    """One line a chunk and metric."""
    rows = tuple(
        (
            chunk.label, metric_name(one.metric), *_expected(one), finite(one.weighted),
            *_realised(one), chunk.support.lacking_share, _remark(chunk, one, margin),
        )
        for chunk in chunks
        for one in chunk.metrics
    )  # fmt: skip
    return Sheet(
        title="Performance by chunk",
        columns=(
            "rows", "metric", "expected", "at least", "at most", "expected by features",
            "realised", "realised at least", "realised at most", "unlike the reference", "remark",
        ),
        rows=rows,
        note="Neighbouring rows, in the order of the file. Intervals hold for each line by itself.",
    )  # fmt: skip


def _expected(one: MetricEstimate) -> tuple[Cell, ...]:
    interval = one.expected.interval
    return finite(one.expected.value), interval.low, interval.high


def _realised(one: MetricEstimate) -> tuple[Cell, ...]:
    if one.realised is None:
        return None, None, None
    return finite(one.realised.value), one.realised.interval.low, one.realised.interval.high


def _remark(chunk: SubsetPerformance, one: MetricEstimate, margin: float) -> str:
    """Where the expected value is not to be relied on, and what would tell."""
    asked = how_many(one.labels_needed)
    if not chunk.support.is_enough:
        return f"not sure: {describe_lack(chunk.support)}; label {asked} of them"
    if one.estimates_differ(margin):
        return f"the two estimates differ: label {asked} of them"
    return ""


def figures(
    subsets: Sequence[SubsetPerformance],
    chunks: Sequence[SubsetPerformance],
    ask: DriftSettings,
) -> list[Figure]:
    """How much worse each metric is, against what is accepted; and each metric over the chunks."""
    points = [
        Point(
            label=f"{metric_name(one.metric)}{f', {subset.label}' if subset.label else ''}",
            value=one.drop.value,
            low=one.drop.interval.low,
            high=one.drop.interval.high,
        )
        for subset in subsets
        for one in subset.metrics
        if finite(one.drop.value) is not None
    ]
    found = [_drop_figure(points, ask)] if points else []
    return found + [
        _chunk_figure(chunks, at) for at in range(len(chunks[0].metrics) if len(chunks) > 1 else 0)
    ]


def _drop_figure(points: Sequence[Point], ask: DriftSettings) -> Figure:
    told = "; ".join(f"{p.label}: {p.value:+.3f}" for p in points)
    return Figure(
        title="How much worse performance is expected to be",
        kind="intervals",
        series=(Series(name="current against reference", points=tuple(points)),),
        axis="worse by: a share of the error, or the difference of a score",
        reference=ask.margin,
        alt=f"How much worse performance is expected, of which {ask.margin:g} is accepted: {told}.",
    )


def _chunk_figure(chunks: Sequence[SubsetPerformance], at: int) -> Figure:
    metric = metric_name(chunks[0].metrics[at].metric)
    series = [
        Series(
            name=name,
            points=tuple(
                Point(
                    label=chunk.label or "",
                    x=number,
                    value=finite(estimate.value),
                    low=estimate.interval.low,
                    high=estimate.interval.high,
                )
                for number, chunk in enumerate(chunks, start=1)
                if (estimate := getattr(chunk.metrics[at], name)) is not None
            ),
        )
        for name in ("expected", "realised")
    ]
    kept = tuple(one for one in series if one.points)
    last = chunks[-1].metrics[at]
    return Figure(
        title=f"{metric} by chunk",
        kind="curve",
        series=kept,
        axis=metric,
        x_axis="chunk",
        reference=finite(last.reference),
        alt=f"{metric} of {len(chunks)} chunks of rows; the last is expected to have "
        f"{format_value(last.expected.value)}, the reference has {format_value(last.reference)}.",
    )


def summary(
    checks: Sequence[Check],
    features: Sequence[ColumnShift],
    subsets: Sequence[SubsetPerformance],
    assumption: str,
    outputs: Sequence[str],
) -> str:
    """One or two sentences: whether predictions are harmed, and what moved."""
    moved = [shift.name for shift in features if shift.has_shifted]
    first = f"Shifted ({_first_names(moved)})" if moved else "Nothing shifted"
    if outputs and not moved:
        first = f"No feature shifted, but outputs or labels did ({_first_names(outputs)})"
    if not subsets:
        return f"{first}. Without predictions, nothing is known of performance."
    main = subsets[0].metrics[0]
    value = (
        f"expected {metric_name(main.metric)} {format_value(main.expected.value)}, "
        f"{format_value(main.reference)} in the reference"
    )
    performance = [check for check in checks if check.family in {"expected", "realised"}]
    harmed = [check for check in performance if check.verdict is Verdict.FAIL]
    if harmed:
        worst = next((c for c in harmed if c.family == "realised"), harmed[0])
        return f"Predictions harmed: {worst.why}. {first}."
    stopping = [c for c in checks if c.verdict is Verdict.UNKNOWN and not c.accepted]
    if stopping:
        return f"Cannot tell whether predictions are harmed: {stopping[0].why}. {first}; {value}."
    if main.realised is not None:
        return (
            f"{first}. Predictions are unharmed: {metric_name(main.metric)} is "
            f"{format_value(main.realised.value)} on {subsets[0].labelled_rows:,} labelled rows, "
            f"{format_value(main.reference)} in the reference."
        )
    return f"{first}. Predictions are expected to be unharmed {assumption}: {value}."


def _first_names(values: Sequence[str]) -> str:
    more = f" and {len(values) - _NAMES} more" if len(values) > _NAMES else ""
    return ", ".join(values[:_NAMES]) + more
