"""Means with intervals, from rows or from their sums."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from assay.gates.statistics.intervals import Estimate, Floats, make_interval
from assay.gates.statistics.proportions import wilson_limits


def mean_estimate(values: ArrayLike, level: float = 0.95) -> Estimate:
    """A mean with Student's interval; unbounded for fewer than two values."""
    from scipy.stats import t

    v = np.asarray(values, dtype=float)
    if len(v) < 2:
        return Estimate(float(v.mean()) if len(v) else 0.0, make_interval(np.nan, np.nan, level))
    centre = float(v.mean())
    half = float(t.ppf((1 + level) / 2, len(v) - 1) * v.std(ddof=1) / np.sqrt(len(v)))
    return Estimate(centre, make_interval(centre - half, centre + half, level))


def bounded_mean(values: ArrayLike, low: float, high: float, level: float = 0.95) -> Estimate:
    """A mean of values within [low, high], with Student's interval, also valid if all are equal.

    Equal values have no spread. As none of n rows differed, the share that would is at most
    Wilson's upper limit for 0 of n, and those could lie at either bound.
    """
    v = np.asarray(values, dtype=float)
    if len(v) < 2 or np.ptp(v) > 0:
        return mean_estimate(v, level)
    other, value = float(wilson_limits(0, len(v), level)[1]), float(v[0])
    limits = (value + other * (low - value), value + other * (high - value))
    return Estimate(value, make_interval(*limits, level))


def mean_limits(
    rows: ArrayLike,
    total: ArrayLike,
    squares: ArrayLike,
    bounds: tuple[float, float],
    level: float = 0.95,
) -> tuple[Floats, Floats]:
    """Limits as in `bounded_mean`, from sums, elementwise.

    The sums are the number of values within `bounds`, their total and the total of their squares.
    NaN for fewer than two values.
    """
    from scipy.stats import t

    n, s, q = (np.asarray(v, dtype=float) for v in (rows, total, squares))
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = s / n
        variance = (q - n * centre**2) / (n - 1)
        half = t.ppf((1 + level) / 2, n - 1) * np.sqrt(np.maximum(variance, 0) / n)
        # For equal values, rounding alone makes the spread differ from zero.
        alike = variance <= 1e-12 * np.maximum(q / n, 1e-300)
    other = wilson_limits(np.zeros_like(n), n, level)[1]
    low = np.where(alike, centre + other * (bounds[0] - centre), centre - half)
    high = np.where(alike, centre + other * (bounds[1] - centre), centre + half)
    return np.where(n >= 2, low, np.nan), np.where(n >= 2, high, np.nan)
