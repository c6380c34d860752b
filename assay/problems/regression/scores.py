"""What a model of amounts achieves: every metric with its interval, and paired differences.

By the delta method: each row's influence on the metric, whose squares, summed within clusters
where rows belong together, give its variance; Student's quantile. RMSE is taken on the log scale
and R2 as log(1 - R2). The median error's interval is that of order statistics. Where a few rows
decide a mean square (see `tails`), RMSE and R2 have none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from assay.config.gates import RegressionMetric, UnitCost
from assay.gates.report import Interval
from assay.gates.statistics.cluster_errors import (
    ClusterError,
    Clusters,
    clustered_share_limits,
    mean_error,
    spread_of,
    student_quantile,
    weighted_mean,
    weights_of,
)
from assay.gates.statistics.intervals import Estimate, Floats, make_interval
from assay.gates.statistics.mover import difference_limits
from assay.gates.statistics.quantiles import quantile
from assay.gates.statistics.weighted_quantiles import weighted_quantile
from assay.problems.regression.answers import too_few_remedy
from assay.problems.regression.metrics import compute_metric
from assay.problems.regression.tails import is_heavy, tail_share

UNBOUNDED = Interval(low=None, high=None)
SQUARE_METRICS: tuple[RegressionMetric, ...] = ("rmse", "r2")
"""Those that follow from a mean of squares."""


def row_losses(
    metric: RegressionMetric, truth: Floats, prediction: Floats, unit_cost: UnitCost
) -> Floats:
    """Each row's loss: its mean is the metric, or for RMSE, R2 and the median stands for it."""
    error = prediction - truth
    if metric in SQUARE_METRICS:
        return np.asarray(error**2)
    if metric in ("mae", "median_absolute_error"):
        return np.abs(error)
    if metric == "mean_error":
        return np.asarray(error)
    cost = np.where(error < 0, -error * unit_cost.too_low, error * unit_cost.too_high)
    if metric == "pinball_loss":
        return np.asarray(cost / (unit_cost.too_low + unit_cost.too_high))
    return np.asarray(cost)


def estimate_score(
    metric: RegressionMetric,
    truth: Floats,
    prediction: Floats,
    unit_cost: UnitCost,
    *,
    clusters: Clusters | None = None,
) -> Estimate:
    """A metric with its 95 % interval; unbounded where the rows are too few, all errors alike, or
    a few of them decide it. The outcomes must vary.
    """
    weights = weights_of(clusters)
    value = compute_metric(metric, truth, prediction, unit_cost=unit_cost, weights=weights)
    if too_few_remedy(len(truth), clusters) or tail_text(metric, truth, prediction, weights):
        return Estimate(value, UNBOUNDED)
    losses = row_losses(metric, truth, prediction, unit_cost)
    if metric == "median_absolute_error":
        return Estimate(value, _median_interval(losses, clusters))
    if metric not in SQUARE_METRICS:
        interval = _mean_interval(value, _error_of(losses, clusters))
        return Estimate(value, interval if metric == "mean_error" else _above_zero(interval))
    mean = weighted_mean(losses, clusters)
    if not mean > 0:
        return Estimate(value, UNBOUNDED)
    influence = losses / mean
    if metric == "r2":
        influence = influence - _square_ratios(truth, clusters)
    log_error = _error_of(influence, clusters)
    interval = _mean_interval(float(np.log(mean if metric == "rmse" else 1 - value)), log_error)
    if interval.low is None or interval.high is None:
        return Estimate(value, UNBOUNDED)
    low, high = np.exp([interval.low, interval.high])
    limits = np.sqrt([low, high]) if metric == "rmse" else (1 - high, 1 - low)
    return Estimate(value, make_interval(*limits))


def score_difference(
    metric: RegressionMetric,
    truth: Floats,
    own: Floats,
    rival: Floats,
    unit_cost: UnitCost,
    *,
    clusters: Clusters | None = None,
) -> Estimate:
    """By how much predictions `own` score better than a `rival`'s of the same rows, with a paired
    95 % interval: positive is better, always. Of mean errors, the one nearer to 0 is better.

    Two models that answer alike differ by nothing, and surely so.
    """
    if np.array_equal(own, rival):
        return Estimate(0.0, make_interval(0.0, 0.0))
    weights = weights_of(clusters)
    scores = [
        compute_metric(metric, truth, p, unit_cost=unit_cost, weights=weights) for p in (own, rival)
    ]
    ours, theirs = np.abs(scores) if metric == "mean_error" else scores
    value = float(ours - theirs if metric == "r2" else theirs - ours)
    heavy = any(tail_text(metric, truth, prediction, weights) for prediction in (own, rival))
    if too_few_remedy(len(truth), clusters) or heavy:
        return Estimate(value, UNBOUNDED)
    losses = [row_losses(metric, truth, p, unit_cost) for p in (own, rival)]
    if metric == "median_absolute_error":
        return Estimate(value, _median_difference(losses, scores, clusters))
    if metric == "mean_error":
        change = np.sign(scores[1]) * losses[1] - np.sign(scores[0]) * losses[0]
    elif metric == "rmse":
        change = _root_influence(losses[1], scores[1]) - _root_influence(losses[0], scores[0])
    elif metric == "r2":
        spread = _variance(truth, clusters)
        change = (losses[1] - losses[0]) / spread - value * _square_ratios(truth, clusters)
    else:
        change = losses[1] - losses[0]
    return Estimate(value, _mean_interval(value, _error_of(change, clusters)))


def tail_text(
    metric: RegressionMetric, truth: Floats, prediction: Floats, weights: Floats | None = None
) -> str:
    """Why a metric has no interval, where few rows decide a mean square; else empty."""
    if metric not in SQUARE_METRICS:
        return ""
    squares = {"errors": (prediction - truth) ** 2}
    if metric == "r2":
        squares["outcomes"] = (truth - np.average(truth, weights=weights)) ** 2
    for name, values in squares.items():
        if is_heavy(values, weights):
            what = "mean squared error" if name == "errors" else "variance of the outcomes"
            return (
                f"the largest 1 % of {name} carry {tail_share(values, weights):.0%} of the {what}"
            )
    return ""


def _error_of(values: ArrayLike, clusters: Clusters | None) -> ClusterError:
    """The error of the mean of `values`; without clusters each row is its own."""
    if clusters is None:
        return mean_error(values, np.arange(np.size(values)))
    return clusters.mean_error(values)


def _variance(truth: Floats, clusters: Clusters | None) -> float:
    if weights_of(clusters) is None:
        return float(truth.var())
    return weighted_mean((truth - weighted_mean(truth, clusters)) ** 2, clusters)


def _square_ratios(truth: Floats, clusters: Clusters | None = None) -> Floats:
    """Each outcome's squared distance from their mean, as a multiple of the variance."""
    return np.asarray((truth - weighted_mean(truth, clusters)) ** 2 / _variance(truth, clusters))


def _root_influence(squares: Floats, root: float) -> Floats:
    return np.asarray(squares / (2 * root)) if root > 0 else squares


def _mean_interval(value: float, error: ClusterError) -> Interval:
    """Student's; unbounded where nothing varies, which says nothing of how much it could."""
    if not error.variance > 0:
        return UNBOUNDED
    half = float(student_quantile(0.95, error.freedom)) * error.variance**0.5
    return make_interval(value - half, value + half)


def _above_zero(interval: Interval) -> Interval:
    low = None if interval.low is None else max(interval.low, 0.0)
    return Interval(low=low, high=interval.high, level=interval.level)


# --- the median -------------------------------------------------------------------------------


def _median_interval(sizes: Floats, clusters: Clusters | None) -> Interval:
    """Between order statistics; of clustered rows those at the limits of the share below the median
    (Woodruff, J. Am. Stat. Assoc. 47, 1952).
    """
    if clusters is None:
        return quantile(sizes, 0.5).interval
    below = sizes <= weighted_quantile(sizes, 0.5, clusters.weights)
    spread = spread_of(clusters.mean_error(below))
    low, high = clustered_share_limits(0.5, len(sizes), spread)
    return make_interval(
        *(weighted_quantile(sizes, float(side.item()), clusters.weights) for side in (low, high))
    )


def _median_difference(
    sizes: list[Floats], medians: list[float], clusters: Clusters | None
) -> Interval:
    """The rival's median less the model's own, from the limits of each and the correlation of the
    shares below them, which is that of the medians.
    """
    limits = [_median_interval(each, clusters) for each in sizes]
    if any(one.low is None or one.high is None for one in limits):
        return UNBOUNDED
    own, rival = ((float(one.low or 0.0), float(one.high or 0.0)) for one in limits)
    errors = [
        _error_of(each <= centre, clusters) for each, centre in zip(sizes, medians, strict=True)
    ]
    correlation = errors[0].correlation(errors[1])
    return make_interval(*difference_limits(medians[1], rival, medians[0], own, correlation))
