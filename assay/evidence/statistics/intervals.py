"""Estimates with intervals, and the verdicts that intervals give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
