"""Scores of several sets of amounts for the same rows, with their covariance."""

from __future__ import annotations

import numpy as np

from assay.config.gates import PerformanceMetric, UnitCost
from assay.gates.feasibility.score_estimates import ScoreEstimates
from assay.gates.statistics.auc_clusters import clustered_covariance
from assay.gates.statistics.intervals import Floats


def estimate_amount_scores(
    name: PerformanceMetric, truth: Floats, answers: Floats, cost: UnitCost, entities: np.ndarray
) -> ScoreEstimates:
    """`name` of each of `answers` (k, rows) to `truth` (rows,), in the target's unit.

    Each row's influence on a score is summed within `entities` (codes, a row each): the delta
    method. `mean_error` counts without its sign. Raises ValueError for scores of other questions.
    """
    found = [_influence(name, truth, one, cost) for one in answers]
    influence = np.array([of_row for _, of_row in found]) / len(truth)
    return ScoreEstimates(
        np.array([value for value, _ in found]), clustered_covariance(influence, entities), 0.0
    )


def constant_score(name: PerformanceMetric, truth: Floats, cost: UnitCost) -> float:
    """The score of the best single answer for all rows: the mean, the median or a quantile.

    Of `mean_error`, which the mean has none of, the mean distance from the median.
    """
    share = cost.quantile if name in {"pinball_loss", "cost"} else 0.5
    best = truth.mean() if name in {"rmse", "r2"} else np.quantile(truth, share)
    counted: PerformanceMetric = "mae" if name == "mean_error" else name
    return _influence(counted, truth, np.full(len(truth), best), cost)[0]


def _influence(
    name: PerformanceMetric, truth: Floats, answers: Floats, cost: UnitCost
) -> tuple[float, Floats]:
    """The score, and what each row (rows,) adds to it beyond the mean; their mean is 0."""
    error = answers - truth
    if name == "mean_error":
        mean = float(error.mean())
        return abs(mean), (error - mean) * (1.0 if mean >= 0 else -1.0)
    if name in {"rmse", "r2"}:
        return _of_squares(name, truth, error)
    if name == "median_absolute_error":
        return _median_influence(np.abs(error))
    losses = {
        "mae": lambda: np.abs(error),
        "pinball_loss": lambda: np.where(
            error < 0, -error * cost.quantile, error * (1 - cost.quantile)
        ),
        "cost": lambda: np.where(error < 0, -error * cost.too_low, error * cost.too_high),
    }
    if name not in losses:
        raise ValueError(f"{name} is no score of amounts")
    of_row = losses[name]()
    return float(of_row.mean()), of_row - of_row.mean()


def _of_squares(name: PerformanceMetric, truth: Floats, error: Floats) -> tuple[float, Floats]:
    squares = error**2
    mean = float(squares.mean())
    if name == "rmse":
        root = float(np.sqrt(mean))
        return root, (squares - mean) / (2 * root) if root > 0 else np.zeros(len(truth))
    about = (truth - truth.mean()) ** 2
    variance = float(about.mean())
    if not variance > 0:
        raise ValueError("R2 needs amounts that differ")
    return 1 - mean / variance, mean / variance**2 * (about - variance) - (
        squares - mean
    ) / variance


def _median_influence(sizes: Floats) -> tuple[float, Floats]:
    """The median, with the density there from order statistics a standard error apart."""
    middle, rows = float(np.median(sizes)), len(sizes)
    step = min(1 / np.sqrt(rows), 0.25)
    low, high = np.quantile(sizes, [0.5 - step, 0.5 + step])
    per_share = float(high - low) / (2 * step)  # one over the density
    return middle, ((sizes > middle) - (sizes > middle).mean()) * per_share
