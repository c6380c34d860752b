"""How sure every metric of a group is where several of its rows are of one person or household.

`metrics` has limits from sums over rows, which take rows for independent. Where they are not, each
cluster's part in the error is kept instead, also because groups may share clusters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from assay.config.gates import FairnessMetric, RateMetric
from assay.gates.confusion_cells import RATE_DEFINITIONS
from assay.gates.fairness.metrics import MAX_LOG_LOSS, MEASURES, Measures, Sums
from assay.gates.statistics.auc_clusters import auc_error
from assay.gates.statistics.cluster_errors import (
    ClusterError,
    Clusters,
    ClusterSpread,
    cluster_error,
    clustered_logit_limits,
    clustered_mean_limits,
    clustered_share_limits,
    mean_error,
    student_quantile,
)
from assay.gates.statistics.intervals import Bools, Floats, Limits


@dataclass(frozen=True, slots=True)
class GroupRows:
    """The rows of one group, one by one. `rows`: how many each stands for."""

    truth: Bools
    decision: Bools
    probability: Floats | None
    rows: Floats
    clusters: Clusters


@dataclass(frozen=True, slots=True)
class PairClusters:
    """How sure a group's metric is and its reference's; `name` is what the clusters are of."""

    name: str
    group: ClusterError
    reference: ClusterError
    weighted: bool = False
    """Whether rows have weights; then `name` is empty where no two of them belong together."""


@dataclass(frozen=True, slots=True)
class _MeanOfRows:
    """A metric that is a mean of a value a row, from the probability and the truth."""

    value: Callable[[Floats, Floats], Floats]
    bounds: tuple[float, float]


def _log_losses(p: Floats, y: Floats) -> Floats:
    eps = np.finfo(float).eps
    return np.asarray(-np.log(np.clip(np.where(y > 0, p, 1 - p), eps, 1 - eps)))


_MEANS: Mapping[FairnessMetric, _MeanOfRows] = {
    "mean_prediction": _MeanOfRows(lambda p, _y: p, (0.0, 1.0)),
    "calibration_error": _MeanOfRows(lambda p, y: p - y, (-1.0, 1.0)),
    "log_loss": _MeanOfRows(_log_losses, (0.0, MAX_LOG_LOSS)),
    "mean_absolute_error": _MeanOfRows(lambda p, y: np.abs(p - y), (0.0, 1.0)),
    "mean_squared_error": _MeanOfRows(lambda p, y: (p - y) ** 2, (0.0, 1.0)),
}


def metric_error(metric: FairnessMetric, group: GroupRows) -> ClusterError:
    """The error of one metric of a group; of F1, that of the share that it follows from.

    What needs both classes rests on the clusters of the rarer one.
    """
    error = _error(metric, group)
    of_both = metric not in RATE_DEFINITIONS and metric not in ("f1_score", "mean_prediction")
    if not of_both:
        return error
    rarer = min(group.clusters.effective(side) for side in (group.truth, ~group.truth))
    return replace(error, effective=min(error.effective, rarer))


def _error(metric: FairnessMetric, group: GroupRows) -> ClusterError:
    truth, decision = group.truth, group.decision
    if metric in RATE_DEFINITIONS:
        inside, successes = _rate_rows(metric, group)
        return _share_error(group, successes, inside)
    if metric == "f1_score":
        return _share_error(group, truth & decision, truth | decision)
    if metric == "balanced_accuracy_score":
        of_yes = _share_error(group, decision, truth)
        return of_yes.plus(_share_error(group, ~decision, ~truth)).times(0.5)
    assert group.probability is not None, "a metric of probabilities is asked of those alone"
    return _error_of_probabilities(metric, group, group.probability)


def _error_of_probabilities(
    metric: FairnessMetric, group: GroupRows, probability: Floats
) -> ClusterError:
    truth = group.truth
    if metric == "roc_auc_score":
        if truth.all() or not truth.any():
            return _share_error(group, truth, truth & ~truth)
        return auc_error(truth, probability, group.clusters.codes, group.clusters.weights)
    if metric == "r2_score":
        return _r2_error(group, probability)
    values = _MEANS[metric].value(probability, truth.astype(float))
    return mean_error(values, group.clusters.codes, group.rows)


def _rate_rows(metric: RateMetric, group: GroupRows) -> tuple[Bools, Bools]:
    """The rows that a rate is of, and its successes."""
    kinds = {
        "tp": group.truth & group.decision,
        "fp": ~group.truth & group.decision,
        "fn": group.truth & ~group.decision,
        "tn": ~group.truth & ~group.decision,
    }
    rate = RATE_DEFINITIONS[metric]
    inside, successes = (
        np.logical_or.reduce([kinds[kind] for kind in named])
        for named in (rate.out_of, rate.successes)
    )
    return np.asarray(inside), np.asarray(successes)


def _share_error(group: GroupRows, successes: Bools, inside: Bools) -> ClusterError:
    return mean_error(successes[inside], group.clusters.codes[inside], group.rows[inside])


def _r2_error(group: GroupRows, probability: Floats) -> ClusterError:
    """By the delta method from the rows' squared errors and outcomes."""
    y, w = group.truth.astype(float), group.rows / group.rows.sum()
    squared = (probability - y) ** 2
    base, error = float(w @ y), float(w @ squared)
    spread = base * (1 - base)
    if not spread > 0:
        return cluster_error(np.full(len(y), np.nan), group.clusters.codes, group.rows)
    slope = error * (1 - 2 * base) / spread**2
    change = -(squared - error) / spread + slope * (y - base)
    return cluster_error(w * change, group.clusters.codes, group.rows)


def clustered_limits(
    metric: FairnessMetric,
    sums: Sums,
    values: Floats,
    spread: ClusterSpread,
    level: float,
    *,
    measures: Measures = MEASURES,
) -> Limits:
    """Limits of a metric of several groups, from their `sums`, `values` and `metric_error`s.

    Weights of a few rows may sum to less than these are: a share is one of at least the rows.
    """
    own = measures[metric].clustered_limits
    if own is not None:
        return own(sums, values, spread, level)
    if metric in RATE_DEFINITIONS:
        return clustered_share_limits(
            np.nan_to_num(values),
            np.maximum(MEASURES[metric].rows(sums), spread.rows),
            spread,
            level,
        )
    if metric == "f1_score":
        share = np.nan_to_num(values) / (2 - np.nan_to_num(values))
        low, high = clustered_share_limits(
            share, np.maximum(MEASURES[metric].rows(sums), spread.rows), spread, level
        )
        return 2 * low / (1 + low), 2 * high / (1 + high)
    if metric in _MEANS:
        return clustered_mean_limits(values, _MEANS[metric].bounds, spread, level)
    if metric == "r2_score":
        half = student_quantile(level, spread.freedom) * np.sqrt(
            np.where(spread.variance > 0, spread.variance, np.nan)
        )
        return np.asarray(values - half), np.asarray(np.minimum(values + half, 1.0))
    return clustered_logit_limits(values, spread, level)
