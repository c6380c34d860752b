"""Metrics of several classes, from what share of each class every row is.

A labelled row is one class wholly; an unlabelled one is each class by its calibrated probability.
The same functions serve both, so what is expected and what is realised are the same metric.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from assay.config.gates import EstimableMetric
from assay.gates.statistics.intervals import Bools, Floats
from assay.problems.multiclass.scored_classes import ScoredClasses
from assay.tables.distribution import Integers


@dataclass(frozen=True, eq=False)
class RankedClassRows:
    """Decisions as delivered, (rows,), and by class the rows' ranks by its uncalibrated score,
    (rows, classes): rows with one score share a rank.
    """

    decision: Integers
    ranks: Integers

    @classmethod
    def from_scores(cls, scored: ScoredClasses) -> RankedClassRows:
        columns = [np.unique(column, return_inverse=True)[1] for column in scored.probability.T]
        return cls(scored.decision, np.column_stack(columns))

    def take(self, rows: Bools) -> RankedClassRows:
        return RankedClassRows(self.decision[rows], self.ranks[rows])


@dataclass(frozen=True, eq=False)
class ClassShares:
    """Ranked rows, what `share` of each class they are, (rows, classes), and their `weight`."""

    rows: RankedClassRows
    share: Floats
    weight: Floats

    @cached_property
    def confusion(self) -> Floats:
        """Rows by true class and decided class."""
        count = self.share.shape[1]
        return np.array(
            [
                np.bincount(self.rows.decision, weights=self.weight * column, minlength=count)
                for column in self.share.T
            ]
        )

    def value(self, metric: EstimableMetric) -> float:
        """NaN where a class has no row, or nothing but rows."""
        return float(_VALUES[metric](self))

    def influences(self, metric: EstimableMetric) -> Floats:
        """By how much the metric rises a share of each row that turns to each class, (rows,
        classes).
        """
        return _INFLUENCES[metric](self)

    def label_variance(self, metric: EstimableMetric) -> float:
        """The variance of the metric with the labels, each row being a class by its shares."""
        influence = self.influences(metric)
        mean = (self.share * influence).sum(axis=1)
        found = float(((self.share * influence**2).sum(axis=1) - mean**2).sum())
        return max(found, 0.0)  # but for rounding it is; NaN stays NaN


def _ratio(part: ArrayLike, whole: ArrayLike) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.divide(part, whole))


def _accuracy(rows: ClassShares) -> float:
    return float(_ratio(np.trace(rows.confusion), rows.confusion.sum()))


def _f1_by_class(rows: ClassShares) -> tuple[Floats, Floats]:
    """F1, and true plus decided rows; F1 is NaN for a class that is neither."""
    both = rows.confusion.sum(axis=0) + rows.confusion.sum(axis=1)
    return _ratio(2 * np.diag(rows.confusion), both), both


def _macro_f1(rows: ClassShares) -> float:
    """Over the classes that are true or decided of some row."""
    values, both = _f1_by_class(rows)
    return float(values[both > 0].mean()) if (both > 0).any() else float("nan")


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Of one class against the rest: its rows and the others by rank, and the pairs in order, ties
    counting half.
    """

    own: Floats
    rest: Floats

    @property
    def rest_below(self) -> Floats:
        below: Floats = np.cumsum(self.rest) - self.rest / 2
        return below

    @property
    def own_above(self) -> Floats:
        above: Floats = self.own.sum() - np.cumsum(self.own) + self.own / 2
        return above

    @property
    def area(self) -> float:
        return float(_ratio(self.own @ self.rest_below, self.own.sum() * self.rest.sum()))


def _pairs(rows: ClassShares, number: int) -> _Pairs:
    ranks, share = rows.rows.ranks[:, number], rows.share[:, number]
    count = int(ranks.max()) + 1
    own, rest = (
        np.bincount(ranks, weights=rows.weight * part, minlength=count)
        for part in (share, 1 - share)
    )
    return _Pairs(own.astype(np.float64), rest.astype(np.float64))


def _roc_auc_ovr(rows: ClassShares) -> float:
    return float(np.mean([_pairs(rows, at).area for at in range(rows.share.shape[1])]))


def _accuracy_influence(rows: ClassShares) -> Floats:
    right = np.eye(rows.share.shape[1])[rows.rows.decision]
    return np.asarray(right * rows.weight[:, None] / rows.weight.sum())


def _macro_f1_influence(rows: ClassShares) -> Floats:
    values, both = _f1_by_class(rows)
    seen = both > 0
    right = np.eye(rows.share.shape[1])[rows.rows.decision]
    slope = np.where(seen, _ratio(2 * right - np.nan_to_num(values), both), 0.0)
    return np.asarray(slope * rows.weight[:, None] / max(int(seen.sum()), 1))


def _roc_auc_influence(rows: ClassShares) -> Floats:
    classes = rows.share.shape[1]
    found = np.zeros_like(rows.share)
    for at in range(classes):
        pairs, ranks = _pairs(rows, at), rows.rows.ranks[:, at]
        own, rest = pairs.own.sum(), pairs.rest.sum()
        as_own = _ratio(_ratio(pairs.rest_below[ranks], rest) - pairs.area, own)
        as_rest = _ratio(_ratio(pairs.own_above[ranks], own) - pairs.area, rest)
        found += as_rest[:, None]
        found[:, at] += as_own - as_rest
    return np.asarray(found * rows.weight[:, None] / classes)


_VALUES: Final[Mapping[EstimableMetric, Callable[[ClassShares], float]]] = {
    "accuracy": _accuracy,
    "macro_f1": _macro_f1,
    "roc_auc_ovr": _roc_auc_ovr,
}
_INFLUENCES: Final[Mapping[EstimableMetric, Callable[[ClassShares], Floats]]] = {
    "accuracy": _accuracy_influence,
    "macro_f1": _macro_f1_influence,
    "roc_auc_ovr": _roc_auc_influence,
}
