"""Intervals, corrections and tests that the gates judge by.

Every function is pure. Shares are fractions of one; `level` is the two-sided confidence. SciPy and
statsmodels do the work where they can. Areas under ROC curves are in `auc`, what draws at random
in `resampling`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.evidence.report import Interval, Verdict

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval."""

    value: float
    interval: Interval


def normal_quantile(level: float) -> float:
    """Half width, in standard errors, of a normal interval at the two-sided `level`."""
    from scipy.stats import norm

    return float(norm.ppf((1 + level) / 2))


def interval_of(low: float, high: float, level: float = 0.95) -> Interval:
    """An Interval of plain floats; an undefined side (NaN, infinite) becomes unbounded."""
    sides = [float(v) if np.isfinite(v) else None for v in (low, high)]
    return Interval(low=sides[0], high=sides[1], level=level)


# --- verdicts from intervals ------------------------------------------------------------------


def within(interval: Interval, margin: float) -> Verdict:
    """Whether a gap is equivalent to none, up to `margin`.

    `pass` when the interval lies inside [-margin, margin], `fail` when it lies wholly outside,
    else `unknown`. At level 1 - 2a the pass is the two one-sided tests of size a (Schuirmann,
    J. Pharmacokinet. Biopharm. 15, 1987); at level 1 - a it is stricter still.
    """
    low = -np.inf if interval.low is None else interval.low
    high = np.inf if interval.high is None else interval.high
    if -margin <= low and high <= margin:
        return Verdict.PASS
    return Verdict.FAIL if low > margin or high < -margin else Verdict.UNKNOWN


def at_least(interval: Interval, limit: float) -> Verdict:
    """`pass` when the interval lies at or above `limit`, `fail` when below, else `unknown`."""
    if interval.low is not None and interval.low >= limit:
        return Verdict.PASS
    below = interval.high is not None and interval.high < limit
    return Verdict.FAIL if below else Verdict.UNKNOWN


def at_most(interval: Interval, limit: float) -> Verdict:
    """`pass` when the interval lies at or below `limit`, `fail` when above, else `unknown`."""
    flipped = Interval(
        low=None if interval.high is None else -interval.high,
        high=None if interval.low is None else -interval.low,
        level=interval.level,
    )
    return at_least(flipped, -limit)


# --- proportions ------------------------------------------------------------------------------


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


def wilson(successes: float, rows: float, level: float = 0.95) -> Interval:
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


def newcombe(
    successes: float,
    rows: float,
    reference_successes: float,
    reference_rows: float,
    level: float = 0.95,
) -> Interval:
    """Newcombe's interval for the difference of two independent shares, first minus second."""
    low, high = newcombe_limits(successes, rows, reference_successes, reference_rows, level)
    return Interval(low=float(low), high=float(high), level=level)


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

    return smallest(enough)


def smallest(enough: Callable[[int], bool], *, limit: int = 1 << 30) -> int | None:
    """The smallest number from 1 that is `enough`, which must be monotone; None up to `limit`."""
    high = 1
    while not enough(high):
        high *= 2
        if high > limit:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


# --- many tests at once -----------------------------------------------------------------------


def holm(p_values: Sequence[float]) -> Floats:
    """p-values adjusted for the family-wise error. Holm, Scand. J. Stat. 6 (1979)."""
    return _adjust(p_values, "holm")


def benjamini_hochberg(p_values: Sequence[float]) -> Floats:
    """p-values adjusted for the false discovery rate. J. R. Stat. Soc. B 57 (1995)."""
    return _adjust(p_values, "fdr_bh")


def _adjust(p_values: Sequence[float], method: str) -> Floats:
    from statsmodels.stats.multitest import multipletests

    if len(p_values) == 0:
        return np.empty(0)
    return np.asarray(multipletests(p_values, method=method)[1], dtype=float)


# --- means ------------------------------------------------------------------------------------


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
