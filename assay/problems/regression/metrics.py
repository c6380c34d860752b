"""Performance metrics of amounts by the use case's names: one number from truth and prediction."""

from __future__ import annotations

import numpy as np
from sklearn import metrics

from assay.config.gates import LOWER_IS_BETTER, RegressionMetric, UnitCost

NO_COST = UnitCost()


def compute_metric(
    name: RegressionMetric,
    truth: np.ndarray,
    prediction: np.ndarray,
    *,
    unit_cost: UnitCost = NO_COST,
    weights: np.ndarray | None = None,
) -> float:
    """One metric over rows; the arrays are one float64 entry a row, in the target's unit.

    `mean_error` is the mean prediction minus the mean outcome, with its sign. `pinball_loss` is
    that of the quantile which `unit_cost` asks for, and `cost` the mean cost of a row. Rows count
    for `weights` rows each, or for one.
    """
    if name == "mean_error":
        return float(np.average(prediction - truth, weights=weights))
    if name == "cost":
        short = np.maximum(truth - prediction, 0.0) * unit_cost.too_low
        over = np.maximum(prediction - truth, 0.0) * unit_cost.too_high
        return float(np.average(short + over, weights=weights))
    if name == "pinball_loss":
        quantile = unit_cost.quantile
        return float(
            metrics.mean_pinball_loss(truth, prediction, alpha=quantile, sample_weight=weights)
        )
    of_amounts = {
        "mae": metrics.mean_absolute_error,
        "rmse": metrics.root_mean_squared_error,
        "median_absolute_error": metrics.median_absolute_error,
        "r2": metrics.r2_score,
    }
    return float(of_amounts[name](truth, prediction, sample_weight=weights))


def is_better(name: RegressionMetric, score: float, rival: float) -> bool:
    """Whether `score` is strictly better than `rival`: of mean errors, the one nearer to 0."""
    if name == "mean_error":
        return abs(score) < abs(rival)
    return score < rival if name in LOWER_IS_BETTER else score > rival
