"""What a binary classifier achieves: scikit-learn's scores, with intervals and paired differences.

Closed forms where they exist: DeLong for the ROC AUC, Wilson for what is a share, Newcombe for
what is a difference of shares, Student for what is a mean over rows. The rest is a multinomial
bootstrap over counted cells, whose cost does not grow with the rows.

Two rules keep small numbers from looking sure. What rests on fewer than `MIN_CLASS_ROWS` positives
or negatives has no interval by Student's or the bootstrap's approximations, and performance is not
judged on it. And a bootstrap whose draws of a model's score are all alike says nothing of its
spread: then a closed form for shares takes its place.
"""

from __future__ import annotations

import numpy as np

from assay.config.gates import LOWER_IS_BETTER, ErrorCosts, PerformanceMetric
from assay.gates.performance import average_precision
from assay.gates.performance.clustered_scores import (
    UNBOUNDED,
    estimate_clustered_difference,
    estimate_clustered_score,
)
from assay.gates.performance.point_scores import (
    ModelPredictions,
    confusion_counts,
    enough_rows,
    largest_loss,
    point_score,
    row_values,
)
from assay.gates.report import Interval
from assay.gates.statistics.auc import roc_auc, roc_auc_difference
from assay.gates.statistics.cluster_errors import Clusters
from assay.gates.statistics.intervals import Bools, Estimate, Floats, make_interval
from assay.gates.statistics.means import bounded_mean
from assay.gates.statistics.mover import difference_limits
from assay.gates.statistics.proportions import newcombe_limits, wilson_interval, wilson_limits
from assay.gates.statistics.resampling import multinomial_draws, percentile_interval


def estimate_score(
    metric: PerformanceMetric,
    truth: Bools,
    who: ModelPredictions,
    cost: ErrorCosts,
    *,
    seed: int = 0,
    clusters: Clusters | None = None,
) -> Estimate:
    """A score with its 95 % interval, unbounded where too few rows tell. Cost is per row."""
    if clusters is None:
        return _estimate_independent(metric, truth, who, cost, seed)
    return estimate_clustered_score(metric, truth, who, cost, clusters)


def _estimate_independent(
    metric: PerformanceMetric, truth: Bools, who: ModelPredictions, cost: ErrorCosts, seed: int
) -> Estimate:
    value = point_score(metric, truth, who, cost)
    if metric == "roc_auc":
        return roc_auc(truth, who.probability)
    if metric in ("brier", "log_loss", "cost", "average_precision") and not enough_rows(truth):
        return Estimate(value, UNBOUNDED)
    if metric in ("brier", "log_loss", "cost"):
        rows = row_values(metric, truth, who, cost)
        return Estimate(value, bounded_mean(rows, 0.0, largest_loss(metric, cost)).interval)
    if metric == "average_precision":
        drawn, binned = average_precision.bootstrap_draws(truth, (who.probability,), seed)
        if np.ptp(drawn[0]) == 0:
            return Estimate(value, make_interval(*average_precision.share_limits(value, truth)))
        return Estimate(value, _clip_interval(percentile_interval(drawn[0] - binned[0] + value)))
    return Estimate(value, _share_interval(metric, truth, who.decision))


def score_difference(
    metric: PerformanceMetric,
    truth: Bools,
    who: ModelPredictions,
    rival: ModelPredictions,
    cost: ErrorCosts,
    *,
    seed: int = 0,
    clusters: Clusters | None = None,
) -> Estimate:
    """By how much `who` is better than `rival` on the same rows: positive is better, always.

    The interval is paired, at 95 %; unbounded where too few rows tell. Two models that answer
    alike differ by nothing, and surely so.
    """
    if clusters is None:
        return _difference_independent(metric, truth, (who, rival), cost, seed)
    return estimate_clustered_difference(metric, truth, who, rival, cost, clusters=clusters)


def _difference_independent(
    metric: PerformanceMetric,
    truth: Bools,
    models: tuple[ModelPredictions, ModelPredictions],
    cost: ErrorCosts,
    seed: int,
) -> Estimate:
    who, rival = models
    sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
    if metric == "roc_auc":
        return roc_auc_difference(truth, who.probability, rival.probability)
    if metric in ("accuracy", "brier", "log_loss", "cost"):
        own, other = (row_values(metric, truth, p, cost) for p in (who, rival))
        return _mean_difference(
            sign * (own - other), largest_loss(metric, cost), enough_rows(truth)
        )
    scores = point_score(metric, truth, who, cost), point_score(metric, truth, rival, cost)
    value = scores[0] - scores[1]
    if not enough_rows(truth):
        return Estimate(value, UNBOUNDED)
    if metric == "average_precision":
        drawn, binned = average_precision.bootstrap_draws(
            truth, (who.probability, rival.probability), seed
        )
        shift = value - (binned[0] - binned[1])
        same = np.array_equal(who.probability, rival.probability)
        if not same and any(np.ptp(draws) == 0 for draws in drawn):
            each = [average_precision.share_limits(v, truth) for v in scores]
            limits = difference_limits(scores[0], each[0], scores[1], each[1])
            return Estimate(value, make_interval(*limits))
        return Estimate(value, percentile_interval(drawn[0] - drawn[1] + shift))
    return Estimate(value, _decision_interval(metric, truth, (who, rival), scores, seed))


def _mean_difference(gains: Floats, max_gain: float, has_enough_rows: bool) -> Estimate:
    """The mean of paired gains, none of which is larger than `max_gain` either way."""
    if not gains.any():
        return Estimate(0.0, make_interval(0.0, 0.0))
    if not has_enough_rows:
        return Estimate(float(gains.mean()), UNBOUNDED)
    return bounded_mean(gains, -max_gain, max_gain)


def _share_interval(metric: PerformanceMetric, truth: Bools, decision: Bools) -> Interval:
    tp, fp, fn, tn = confusion_counts(truth, decision)
    if metric == "accuracy":
        return wilson_interval(tp + tn, tp + fp + fn + tn)
    if metric == "precision":
        return wilson_interval(tp, tp + fp)
    if metric == "recall":
        return wilson_interval(tp, tp + fn)
    if metric == "f1":  # 2J / (1 + J), where J is the share tp / (tp + fp + fn)
        low, high = wilson_limits(tp, tp + fp + fn)
        return make_interval(float(2 * low / (1 + low)), float(2 * high / (1 + high)))
    # Balanced accuracy is (1 + TPR - FPR) / 2, and the two rates rest on different rows.
    low, high = newcombe_limits(tp, tp + fn, fp, fp + tn)
    return make_interval(float(1 + low) / 2, float(1 + high) / 2)


def _clip_interval(interval: Interval) -> Interval:
    low, high = (
        None if v is None else min(max(v, 0.0), 1.0) for v in (interval.low, interval.high)
    )
    return Interval(low=low, high=high, level=interval.level)


# --- bootstrap over cells ---------------------------------------------------------------------


def _decision_interval(
    metric: PerformanceMetric,
    truth: Bools,
    models: tuple[ModelPredictions, ModelPredictions],
    scores: tuple[float, float],
    seed: int,
) -> Interval:
    """Bootstrap interval of a decision metric's difference; closed where the draws are all alike.

    To decide the same of every row has a score by definition (always no: a recall of 0), which
    draws may well repeat. Any other model whose draws never vary is at the edge, not sure; nor
    are two sure to be as good that differ on no row that the metric looks at.
    """
    drawn = _decision_draws(metric, truth, *models, seed)
    fixed = [bool(np.ptp(draws) == 0) for draws in drawn]
    constant = [bool(model.decision.all() or not model.decision.any()) for model in models]
    same = np.array_equal(models[0].decision, models[1].decision)
    gains = drawn[0] - drawn[1]
    edge = any(f and not c for f, c in zip(fixed, constant, strict=True))
    if same or not (edge or np.ptp(gains) == 0):
        return percentile_interval(gains)
    each = []
    for model, value, known in zip(models, scores, np.array(fixed) & constant, strict=True):
        own = _share_interval(metric, truth, model.decision)
        each.append((value, value) if known else (own.low or 0.0, own.high or 0.0))
    return make_interval(*difference_limits(scores[0], each[0], scores[1], each[1]))


def _decision_draws(
    metric: PerformanceMetric,
    truth: Bools,
    who: ModelPredictions,
    rival: ModelPredictions,
    seed: int,
) -> tuple[Floats, Floats]:
    """A decision metric of both over the same bootstrap draws of the 8 joint cells."""
    cell = truth * 4 + who.decision * 2 + rival.decision
    drawn = multinomial_draws(np.bincount(cell, minlength=8), seed=seed)
    code = np.arange(8)
    positive = code & 4 > 0
    own, other = (_scores_from_cells(metric, drawn, positive, code & bit > 0) for bit in (2, 1))
    return own, other


def _scores_from_cells(
    metric: PerformanceMetric, draws: Floats, positive: Bools, decision: Bools
) -> Floats:
    tp = draws[:, positive & decision].sum(axis=1)
    fp = draws[:, ~positive & decision].sum(axis=1)
    fn = draws[:, positive & ~decision].sum(axis=1)
    tn = draws[:, ~positive & ~decision].sum(axis=1)
    with np.errstate(invalid="ignore"):
        if metric == "precision":
            return np.asarray(np.nan_to_num(tp / (tp + fp)))
        if metric == "recall":
            return np.asarray(tp / (tp + fn))
        if metric == "f1":
            return np.asarray(np.nan_to_num(2 * tp / (2 * tp + fp + fn)))
        return np.asarray((tp / (tp + fn) + tn / (tn + fp)) / 2)
