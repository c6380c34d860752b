"""Quantiles of rows that count for several rows each, or for a part of one."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

_ROUNDING = 1e-9  # sums of weights fall a hair short of a whole number, .9 * 20 a hair above it


def weighted_quantile(values: ArrayLike, share: float, weights: ArrayLike | None = None) -> float:
    """The `share` quantile, as NumPy has it by default; with `weights`, that of the rows repeated
    so many times.
    """
    v = np.asarray(values, dtype=float)
    if weights is None:
        return float(np.quantile(v, share))
    w = np.asarray(weights, dtype=float)
    v, w = v[w > 0], w[w > 0]
    order = np.argsort(v, kind="stable")
    v, reached = v[order], np.cumsum(w[order])
    place = max(float(reached[-1]) - 1, 0.0) * share
    below = np.floor(place + _ROUNDING)
    at = np.searchsorted(reached, np.array([below, below + 1]) + _ROUNDING, side="right")
    low, high = v[np.minimum(at, len(v) - 1)]
    return float(low + max(place - below, 0.0) * (high - low))


def weighted_order_statistic(
    values: np.ndarray, weights: np.ndarray, reached: float
) -> float | None:
    """The smallest of `values` up to which the `weights` sum to `reached`; None if all sum to less.

    By integer weights, that is the k-th smallest of the repeated values, k = ceil(`reached`).
    """
    order = np.argsort(values, kind="stable")
    sums = np.cumsum(weights[order])
    place = int(np.searchsorted(sums, reached - _ROUNDING * max(reached, 1.0), side="left"))
    return float(values[order[place]]) if place < len(values) else None


def conformal_limit(
    values: np.ndarray, coverage: float, weights: np.ndarray | None = None
) -> float | None:
    """The k-th smallest of n values, k = ceil(coverage (n + 1)); None where n is below k.

    Of values with `weights` the weighted quantile, the row to be answered counting as one of them
    does on average; None without any weight. Source: Vovk, "Conditional validity of inductive
    conformal predictors", Machine Learning 92, 2013.
    """
    if weights is not None:
        if not weights.any():
            return None
        return weighted_order_statistic(
            values, weights, coverage * float(weights.sum() + weights.mean())
        )
    place = math.ceil(coverage * (len(values) + 1) - _ROUNDING)
    return float(np.sort(values)[place - 1]) if place <= len(values) else None
