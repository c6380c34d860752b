"""Tests of whether one mean exceeds another by more than a margin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from assay.gates.report import Interval
from assay.gates.statistics.cluster_errors import ClusterError, student_quantile
from assay.gates.statistics.intervals import make_interval


@dataclass(frozen=True, slots=True)
class WelchTest:
    """A difference of means with its interval, and the p-value of exceeding a margin."""

    value: float
    interval: Interval
    p: float


def welch_test(
    values: ArrayLike, others: ArrayLike, margin: float, level: float = 0.95
) -> WelchTest:
    """Mean of `values` minus mean of `others`; one-sided p that it is no larger than `margin`.

    Welch, Biometrika 34 (1947): unequal variances. Fewer than two of either settle nothing, nor do
    two samples without any variation.
    """
    from scipy.stats import t

    one, two = np.asarray(values, dtype=float), np.asarray(others, dtype=float)
    gap = float(one.mean() - two.mean()) if len(one) and len(two) else 0.0
    if min(len(one), len(two)) < 2:
        return WelchTest(gap, make_interval(np.nan, np.nan, level), 1.0)
    first, second = one.var(ddof=1) / len(one), two.var(ddof=1) / len(two)
    error = float(np.sqrt(first + second))
    if error <= 1e-12 * max(abs(float(one[0])), abs(float(two[0]))):  # equal apart from rounding
        return WelchTest(gap, make_interval(np.nan, np.nan, level), 1.0)
    freedom = (first + second) ** 2 / (first**2 / (len(one) - 1) + second**2 / (len(two) - 1))
    half = float(t.ppf((1 + level) / 2, freedom)) * error
    p = float(t.sf((gap - margin) / error, freedom))
    return WelchTest(gap, make_interval(gap - half, gap + half, level), p)


def clustered_test(
    gap: float, error: ClusterError, margin: float, level: float = 0.95
) -> WelchTest:
    """`welch_test` for a `gap` between means of clustered rows."""
    from scipy.stats import t

    spread = float(np.sqrt(error.variance))
    if not spread > 0 or not np.isfinite(error.freedom):
        return WelchTest(gap, make_interval(np.nan, np.nan, level), 1.0)
    half = float(student_quantile(level, error.freedom)) * spread
    p = float(t.sf((gap - margin) / spread, error.freedom))
    return WelchTest(gap, make_interval(gap - half, gap + half, level), p)
