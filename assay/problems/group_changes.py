"""How a metric of each group changes from one model to another, with paired intervals.

Shares of the same rows have Bonett & Price's interval (see `paired_shares`). Where rows belong
together, and for means and ratios, the interval is Student's from the difference of the rows'
influences, summed within clusters: see `cluster_errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd

from assay.config.data import Sensitive
from assay.dataset.groups import reference_from_counts
from assay.errors import DataError
from assay.gates.fairness.gaps import MIN_ROWS
from assay.gates.statistics.cluster_errors import (
    Clusters,
    cluster_error,
    clustered_mean_limits,
    mean_error,
    spread_of,
    student_quantile,
)
from assay.gates.statistics.intervals import Bools, Estimate, Floats, make_interval
from assay.gates.statistics.mover import difference_limits
from assay.gates.statistics.paired_shares import paired_limits
from assay.problems.answer_comparison import (
    SURELY_NOTHING,
    UNKNOWN_INTERVAL,
    AnswerPair,
    GroupChange,
)

MAX_GROUPS: Final = 40  # of a column; more are not listed
Values = tuple[Floats, Floats]
"""A value a row, by the first model and by the second."""


@dataclass(frozen=True, slots=True)
class MeasuredChange:
    """One metric on some rows: both models' values, and the change with its interval."""

    first: float | None
    second: float | None
    change: Estimate


@dataclass(frozen=True, slots=True)
class GroupMetric:
    """A metric that can be measured on any rows."""

    metric: str
    title: str
    measure: Callable[[Bools], MeasuredChange]
    unit: str = ""


def share_metric(
    metric: str, title: str, values: tuple[Bools, Bools], out_of: Bools, pair: AnswerPair
) -> GroupMetric:
    """The share of rows `out_of` that both models are asked of, for which each says True."""
    clusters = pair.clusters

    def measure(rows: Bools) -> MeasuredChange:
        inside = rows & out_of
        return change_of_share(values[0][inside], values[1][inside], _clusters(clusters, inside))

    return GroupMetric(metric, title, measure)


def mean_metric(
    metric: str, title: str, values: Values, pair: AnswerPair, unit: str = ""
) -> GroupMetric:
    """The mean of a value a row."""
    clusters = pair.clusters

    def measure(rows: Bools) -> MeasuredChange:
        return change_of_mean(values[0][rows], values[1][rows], _clusters(clusters, rows))

    return GroupMetric(metric, title, measure, unit)


def ratio_metric(
    metric: str,
    title: str,
    over: tuple[Bools, Bools],
    under: tuple[Bools, Bools],
    pair: AnswerPair,
) -> GroupMetric:
    """The share of rows `under`, which each model chooses, that are `over` too: a precision."""
    clusters = pair.clusters

    def measure(rows: Bools) -> MeasuredChange:
        chosen = [(o[rows].astype(float), u[rows].astype(float)) for o, u in _zip(over, under)]
        return change_of_ratio(chosen[0], chosen[1], _clusters(clusters, rows))

    return GroupMetric(metric, title, measure)


def _zip(over: tuple[Bools, Bools], under: tuple[Bools, Bools]) -> Sequence[tuple[Bools, Bools]]:
    return list(zip(over, under, strict=True))


def _clusters(clusters: Clusters | None, rows: Bools) -> Clusters | None:
    return clusters.of(rows) if clusters else None


def change_of_share(first: Bools, second: Bools, clusters: Clusters | None) -> MeasuredChange:
    """The change of a share of the same rows. Without interval for fewer than MIN_ROWS of them."""
    rows = len(first)
    if not rows:
        return MeasuredChange(None, None, Estimate(0.0, UNKNOWN_INTERVAL))
    shares = float(first.mean()), float(second.mean())
    value = shares[1] - shares[0]
    if rows < MIN_ROWS:
        return MeasuredChange(*shares, Estimate(value, UNKNOWN_INTERVAL))
    if clusters is not None:
        error = mean_error(second.astype(float) - first.astype(float), clusters.codes)
        limits = clustered_mean_limits(value, (-1.0, 1.0), spread_of(error))
    else:
        limits = paired_limits((second & ~first).sum(), (first & ~second).sum(), rows)
    low, high = (float(np.ravel(side)[0]) for side in limits)
    return MeasuredChange(*shares, Estimate(value, make_interval(low, high)))


def change_of_mean(first: Floats, second: Floats, clusters: Clusters | None) -> MeasuredChange:
    """The change of a mean over the same rows."""
    if not len(first):
        return MeasuredChange(None, None, Estimate(0.0, UNKNOWN_INTERVAL))
    codes = np.arange(len(first)) if clusters is None else clusters.codes
    error = mean_error(second - first, codes)
    value = float(second.mean() - first.mean())
    change = _student_estimate(value, error.variance, error.freedom, len(first))
    return MeasuredChange(float(first.mean()), float(second.mean()), change)


def change_of_ratio(
    first: tuple[Floats, Floats], second: tuple[Floats, Floats], clusters: Clusters | None
) -> MeasuredChange:
    """The change of a ratio of two sums over the same rows, by the delta method."""
    values, influences = [], []
    for over, under in (first, second):
        total = float(under.sum())
        value = float(over.sum()) / total if total else None
        values.append(value)
        influences.append(np.zeros(len(over)) if value is None else (over - value * under) / total)
    if values[0] is None or values[1] is None:
        return MeasuredChange(values[0], values[1], Estimate(0.0, UNKNOWN_INTERVAL))
    codes = np.arange(len(first[0])) if clusters is None else clusters.codes
    error = cluster_error(influences[1] - influences[0], codes)
    few = int(min(first[1].sum(), second[1].sum()))
    change = _student_estimate(values[1] - values[0], error.variance, error.freedom, few)
    return MeasuredChange(values[0], values[1], change)


def _student_estimate(value: float, variance: float, freedom: float, rows: int) -> Estimate:
    if rows < MIN_ROWS or not variance > 0:
        return Estimate(value, UNKNOWN_INTERVAL)
    half = float(student_quantile(0.95, freedom)) * variance**0.5
    return Estimate(value, make_interval(value - half, value + half))


def compare_groups(
    pair: AnswerPair, sensitive: Mapping[str, Sensitive], metrics: Sequence[GroupMetric]
) -> tuple[GroupChange, ...]:
    """Every metric of every group, the largest group first, and how its gap to the reference group
    changes. Metrics for which two models give the same values change by nothing.
    """
    found: list[GroupChange] = []
    for column, masks in pair.group_masks(sensitive).items():
        sizes = pd.Series({group: int(mask.sum()) for group, mask in masks.items()})
        reference = _reference(sizes, sensitive[column], column)
        listed = dict(list(masks.items())[:MAX_GROUPS])
        for metric in metrics:
            measured = {group: metric.measure(mask) for group, mask in listed.items()}
            base = measured.get(reference or "")
            for group, one in measured.items():
                change = GroupChange(
                    metric=metric.metric,
                    title=metric.title,
                    column=column,
                    group=group,
                    rows=int(sizes[group]),
                    first=one.first,
                    second=one.second,
                    change=one.change,
                    unit=metric.unit,
                )
                own = group == reference or base is None
                found.append(change if own else _with_gap(change, one, base))
    return tuple(found)


def without_change(change: GroupChange) -> GroupChange:
    """The same of two models that answer alike: nothing changes, and surely so."""
    gap = None if change.gap_change is None else SURELY_NOTHING
    return replace(change, change=SURELY_NOTHING, gap_change=gap)


def _reference(sizes: pd.Series, declared: Sensitive, column: str) -> str | None:
    try:
        return reference_from_counts(sizes, declared, column)
    except DataError:  # the rows in common may lack it
        return None


def _with_gap(change: GroupChange, own: MeasuredChange, base: MeasuredChange | None) -> GroupChange:
    if base is None or None in (own.first, own.second, base.first, base.second):
        return change
    first = (own.first or 0.0) - (base.first or 0.0)
    second = (own.second or 0.0) - (base.second or 0.0)
    sides = [(one.change.interval.low, one.change.interval.high) for one in (own, base)]
    value = second - first
    if any(low is None or high is None for low, high in sides):
        moved = Estimate(value, UNKNOWN_INTERVAL)
    else:
        ours, theirs = (np.array(side, dtype=float) for side in sides)
        limits = difference_limits(
            own.change.value, (ours[0], ours[1]), base.change.value, (theirs[0], theirs[1])
        )
        moved = Estimate(value, make_interval(*(float(np.ravel(side)[0]) for side in limits)))
    return replace(change, gaps=(first, second), gap_change=moved)
