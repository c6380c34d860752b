"""Shares of rows: intervals, differences, and how many rows it takes to see one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from assay.gates.report import Interval
from assay.gates.statistics.intervals import Floats


def wilson_limits(
    successes: ArrayLike, rows: ArrayLike, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Lower and upper limits of shares, elementwise. No rows: (0, 1), for nothing is known.

    Wilson, J. Am. Stat. Assoc. 22 (1927).
    """
    from statsmodels.stats.proportion import proportion_confint

    k, n = np.asarray(successes, dtype=float), np.asarray(rows, dtype=float)
    known = n > 0
    low, high = proportion_confint(k, np.where(known, n, 1), alpha=1 - level, method="wilson")
    return np.where(known, low, 0.0), np.where(known, high, 1.0)


def wilson_interval(successes: float, rows: float, level: float = 0.95) -> Interval:
    """Wilson's interval for one share, `successes` of `rows`."""
    low, high = wilson_limits(successes, rows, level)
    return Interval(low=float(low), high=float(high), level=level)


def newcombe_limits(
    successes: ArrayLike,
    rows: ArrayLike,
    reference_successes: ArrayLike,
    reference_rows: ArrayLike,
    level: float = 0.95,
) -> tuple[Floats, Floats]:
    """Limits of the share minus the reference's share, elementwise; (-1, 1) without rows.

    Newcombe, Statistics in Medicine 17 (1998) 873-890, method 10.
    """
    from statsmodels.stats.proportion import confint_proportions_2indep

    k1, n1, k2, n2 = np.broadcast_arrays(
        *(np.asarray(v, float) for v in (successes, rows, reference_successes, reference_rows))
    )
    known = (n1 > 0) & (n2 > 0)
    safe = [np.where(known, v, fill) for v, fill in ((k1, 0), (n1, 1), (k2, 0), (n2, 1))]
    low, high = confint_proportions_2indep(*safe, method="newcomb", compare="diff", alpha=1 - level)
    return np.where(known, low, -1.0), np.where(known, high, 1.0)


def detectable_gap(
    rows: float,
    reference_rows: float,
    *,
    rate: float = 0.5,
    alpha: float = 0.05,
    power: float = 0.8,
) -> float | None:
    """The smallest gap of two shares that a two-sided z-test would notice; None if none is.

    `rate` is the reference's share; the gap is taken to the side where there is more room
    (towards one half), which needs the larger gap. Fleiss, Levin & Paik, Statistical Methods for
    Rates and Proportions (2003), section 4.2, without continuity correction.
    """
    from scipy.optimize import brentq

    if min(rows, reference_rows) <= 0:
        return None
    side = 1.0 if rate <= 0.5 else -1.0
    room = max(rate, 1 - rate)

    def lack(gap: float) -> float:
        return _power(rows, reference_rows, rate + side * gap, rate, alpha) - power

    return None if lack(room) < 0 else float(brentq(lack, 1e-9, room, xtol=1e-6))


def _power(rows: float, reference_rows: float, share: float, rate: float, alpha: float) -> float:
    """Power of the pooled two-sided z-test to tell `share` from `rate`."""
    from scipy.stats import norm

    pooled = (share * rows + rate * reference_rows) / (rows + reference_rows)
    null = np.sqrt(pooled * (1 - pooled) * (1 / rows + 1 / reference_rows))
    real = np.sqrt(share * (1 - share) / rows + rate * (1 - rate) / reference_rows)
    distance = abs(share - rate) - norm.ppf(1 - alpha / 2) * null
    return float(norm.cdf(distance / real)) if real > 0 else float(distance > 0)


def rows_to_detect(
    gap: float,
    reference_rows: float,
    *,
    rate: float = 0.5,
    alpha: float = 0.05,
    power: float = 0.8,
) -> int | None:
    """Rows a group needs so that `detectable_gap` is at most `gap`; None if no number does."""

    def enough(rows: int) -> bool:
        found = detectable_gap(rows, reference_rows, rate=rate, alpha=alpha, power=power)
        return found is not None and found <= gap

    return find_smallest(enough)


def find_smallest(is_enough: Callable[[int], bool], *, limit: int = 1 << 30) -> int | None:
    """The smallest number from 1 that is `is_enough`, which must be monotone; None up to `limit`."""
    high = 1
    while not is_enough(high):
        high *= 2
        if high > limit:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high
