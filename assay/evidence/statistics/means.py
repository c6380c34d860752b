"""Means, and differences of independent estimates."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from assay.evidence.statistics.intervals import Estimate, interval_of
from assay.evidence.statistics.proportions import wilson_limits


def mean(values: ArrayLike, level: float = 0.95) -> Estimate:
    """A mean with Student's interval; unbounded for fewer than two values."""
    from scipy.stats import t

    v = np.asarray(values, dtype=float)
    if len(v) < 2:
        return Estimate(float(v.mean()) if len(v) else 0.0, interval_of(np.nan, np.nan, level))
    centre = float(v.mean())
    half = float(t.ppf((1 + level) / 2, len(v) - 1) * v.std(ddof=1) / np.sqrt(len(v)))
    return Estimate(centre, interval_of(centre - half, centre + half, level))


def bounded_mean(values: ArrayLike, low: float, high: float, level: float = 0.95) -> Estimate:
    """A mean of values within [low, high]: Student's interval, also right when all are equal.

    Equal values have no spread to go by. As none of n rows differed, the share that would is at
    most Wilson's upper limit for 0 of n, and those could lie at either bound.
    """
    v = np.asarray(values, dtype=float)
    if len(v) < 2 or np.ptp(v) > 0:
        return mean(v, level)
    other, value = float(wilson_limits(0, len(v), level)[1]), float(v[0])
    limits = (value + other * (low - value), value + other * (high - value))
    return Estimate(value, interval_of(*limits, level))


def difference_limits(
    value: float, limits: tuple[float, float], rival: float, rival_limits: tuple[float, float]
) -> tuple[float, float]:
    """Limits of value minus rival from each one's own, as if independent.

    Too wide for two scores of the same rows that go together. Zou & Donner, Statistics in
    Medicine 27 (2008).
    """
    down = np.hypot(value - limits[0], rival_limits[1] - rival)
    up = np.hypot(limits[1] - value, rival - rival_limits[0])
    return value - rival - float(down), value - rival + float(up)
