"""Quantiles of rows that count for several rows each, or for a part of one."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

_ROUNDING = 1e-9  # sums of weights may fall a hair short of a whole number


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
