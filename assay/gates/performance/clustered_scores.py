"""Scores and their paired differences where several test rows are of one person or group.

Each score is a mean over some of the rows, or changes with each row's weight at a known rate, so
that its error is the sum of what the clusters add to it. `statistics.cluster_errors` says how
intervals come of that.
"""

from __future__ import annotations

import numpy as np

from assay.config.gates import LOWER_IS_BETTER, ErrorCosts, PerformanceMetric
from assay.gates.performance.average_precision import precision_influence
from assay.gates.performance.point_scores import (
    MEAN_METRICS,
    ModelPredictions,
    enough_rows,
    largest_loss,
    point_score,
    row_values,
)
from assay.gates.report import Interval
from assay.gates.statistics.auc_clusters import auc_error
from assay.gates.statistics.cluster_errors import (
    ClusterError,
    Clusters,
    cluster_error,
    clustered_logit_limits,
    clustered_mean_limits,
    clustered_share_limits,
    spread_of,
    student_quantile,
    weighted_mean,
)
from assay.gates.statistics.intervals import Bools, Estimate, Floats, make_interval
from assay.gates.statistics.mover import difference_limits


def estimate_clustered_score(
    metric: PerformanceMetric,
    truth: Bools,
    who: ModelPredictions,
    cost: ErrorCosts,
    clusters: Clusters,
) -> Estimate:
    """`estimate_score` of rows in clusters, or of unequal weight."""
    value = point_score(metric, truth, who, cost, clusters.weights)
    if metric in MEAN_METRICS and not enough_rows(truth, clusters):
        return Estimate(value, UNBOUNDED)
    return Estimate(value, make_interval(*_score_limits(metric, truth, who, cost, clusters)))


def estimate_clustered_difference(
    metric: PerformanceMetric,
    truth: Bools,
    who: ModelPredictions,
    rival: ModelPredictions,
    cost: ErrorCosts,
    *,
    clusters: Clusters,
) -> Estimate:
    """`score_difference` of rows in clusters: positive is better, always."""
    sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
    scores = [point_score(metric, truth, one, cost, clusters.weights) for one in (who, rival)]
    value = sign * (scores[0] - scores[1])
    if _answer_alike(metric, who, rival):
        return Estimate(0.0, make_interval(0.0, 0.0))
    if not enough_rows(truth, clusters):
        return Estimate(value, UNBOUNDED)
    if metric in MEAN_METRICS:
        own, other = (row_values(metric, truth, one, cost) for one in (who, rival))
        most = largest_loss(metric, cost)
        spread = spread_of(clusters.mean_error(sign * (own - other)))
        return Estimate(
            value, make_interval(*_ends(clustered_mean_limits(value, (-most, most), spread)))
        )
    errors = [score_error(metric, truth, one, clusters) for one in (who, rival)]
    known = [_known_by_definition(metric, one) for one in (who, rival)]
    at_edge = any(not k and not e.variance > 0 for k, e in zip(known, errors, strict=True))
    gap = errors[0].plus(errors[1].times(-1.0))
    if not at_edge and gap.variance > 0:
        half = float(student_quantile(0.95, gap.freedom) * np.sqrt(gap.variance))
        return Estimate(value, make_interval(max(value - half, -1.0), min(value + half, 1.0)))
    limits = [
        (score, score) if k else _score_limits(metric, truth, one, cost, clusters)
        for score, k, one in zip(scores, known, (who, rival), strict=True)
    ]
    return Estimate(
        value, make_interval(*difference_limits(scores[0], limits[0], scores[1], limits[1]))
    )


UNBOUNDED = Interval(low=None, high=None, level=0.95)


def _answer_alike(
    metric: PerformanceMetric, who: ModelPredictions, rival: ModelPredictions
) -> bool:
    if metric in ("roc_auc", "average_precision", "log_loss", "brier"):
        return np.array_equal(who.probability, rival.probability)
    return np.array_equal(who.decision, rival.decision)


def _known_by_definition(metric: PerformanceMetric, who: ModelPredictions) -> bool:
    """Whether a score follows from deciding or ranking all rows alike, whatever the rows."""
    if metric == "roc_auc":
        return bool(np.ptp(who.probability) == 0)
    if metric == "average_precision":
        return False
    never, always = not who.decision.any(), bool(who.decision.all())
    return never or (always and metric in ("recall", "balanced_accuracy"))


def score_error(
    metric: PerformanceMetric, truth: Bools, who: ModelPredictions, clusters: Clusters
) -> ClusterError:
    """The error of a score that is no mean over all rows."""
    if metric == "roc_auc":
        return auc_error(truth, who.probability, clusters.codes, clusters.weights)
    if metric == "average_precision":
        influence = precision_influence(truth, who.probability, clusters.weights)
        rows = truth.astype(float)
        return cluster_error(
            influence,
            clusters.codes,
            rows if clusters.weights is None else rows * clusters.weights,
        )
    if metric == "balanced_accuracy":
        of_yes = _share_error(who.decision, truth, clusters)
        return of_yes.plus(_share_error(~who.decision, ~truth, clusters)).times(0.5)
    inside = _share_rows(metric, truth, who.decision)
    error = _share_error(truth & who.decision, inside, clusters)
    if metric != "f1":
        return error
    share = _share(truth & who.decision, inside, clusters)
    return error.times(2 / (1 + share) ** 2)


def _share_rows(metric: PerformanceMetric, truth: Bools, decision: Bools) -> Bools:
    """The rows that precision, recall or F1's share tp / (tp + fp + fn) is of."""
    return {"precision": decision, "recall": truth}.get(metric, truth | decision)


def _share_error(successes: Bools, inside: Bools, clusters: Clusters) -> ClusterError:
    return clusters.of(inside).mean_error(successes[inside])


def _share(successes: Bools, inside: Bools, clusters: Clusters) -> float:
    """The share of the rows `inside` that are `successes`; 0 where there are none."""
    return weighted_mean(successes[inside], clusters.of(inside)) if inside.any() else 0.0


def _score_limits(
    metric: PerformanceMetric,
    truth: Bools,
    who: ModelPredictions,
    cost: ErrorCosts,
    clusters: Clusters,
) -> tuple[float, float]:
    if metric in MEAN_METRICS:
        values = row_values(metric, truth, who, cost)
        mean, spread = weighted_mean(values, clusters), spread_of(clusters.mean_error(values))
        if metric == "accuracy":
            return _ends(clustered_share_limits(mean, len(truth), spread))
        return _ends(clustered_mean_limits(mean, (0.0, largest_loss(metric, cost)), spread))
    value = point_score(metric, truth, who, cost, clusters.weights)
    if metric in ("roc_auc", "average_precision"):
        spread = spread_of(score_error(metric, truth, who, clusters))
        return _ends(clustered_logit_limits(value, spread))
    if metric == "balanced_accuracy":
        return _balanced_accuracy_limits(truth, who.decision, clusters)
    inside = _share_rows(metric, truth, who.decision)
    low, high = _rate_limits(truth & who.decision, inside, clusters)
    return (low, high) if metric != "f1" else (2 * low / (1 + low), 2 * high / (1 + high))


def _rate_limits(successes: Bools, inside: Bools, clusters: Clusters) -> tuple[float, float]:
    spread = spread_of(_share_error(successes, inside, clusters))
    share = _share(successes, inside, clusters)
    return _ends(clustered_share_limits(share, inside.sum(), spread))


def _balanced_accuracy_limits(
    truth: Bools, decision: Bools, clusters: Clusters
) -> tuple[float, float]:
    """Of (1 + TPR - FPR) / 2, whose rates rest on other rows of the same clusters."""
    found = _share_error(decision, truth, clusters), _share_error(decision, ~truth, clusters)
    low, high = difference_limits(
        _share(decision, truth, clusters),
        _rate_limits(decision, truth, clusters),
        _share(decision, ~truth, clusters),
        _rate_limits(decision, ~truth, clusters),
        found[0].correlation(found[1]),
    )
    return float(1 + low) / 2, float(1 + high) / 2


def _ends(limits: tuple[Floats, Floats]) -> tuple[float, float]:
    low, high = (float(np.ravel(side)[0]) for side in limits)
    return low, high
