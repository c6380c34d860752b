"""Estimates with intervals, and the verdicts that follow from intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import SupportsFloat

import numpy as np
from numpy.typing import NDArray

from assay.gates.report import Interval, Verdict

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Limits = tuple[Floats, Floats]  # lower and upper, elementwise


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its confidence interval."""

    value: float
    interval: Interval


def normal_quantile(level: float) -> float:
    """Half width, in standard errors, of a normal interval at the two-sided `level`."""
    from scipy.stats import norm

    return float(norm.ppf((1 + level) / 2))


def make_interval(low: SupportsFloat, high: SupportsFloat, level: float = 0.95) -> Interval:
    """An Interval of plain floats; an undefined side (NaN, infinite) becomes unbounded."""
    sides = [v if np.isfinite(v) else None for v in map(float, (low, high))]
    return Interval(low=sides[0], high=sides[1], level=level)


def inside_margins(limits: Limits, margins: Limits) -> Bools:
    """Whether intervals lie inside their margins, ends included, elementwise.

    At level 1 - 2a this is two one-sided tests of size a, of the claim that the estimated value
    lies inside: Schuirmann, J. Pharmacokinet. Biopharm. 15 (1987). NaN is never inside.
    """
    (low, high), (least, most) = limits, margins
    return np.asarray((low >= least) & (high <= most))


def outside_margins(limits: Limits, margins: Limits) -> Bools:
    """Whether intervals lie wholly outside their margins, elementwise. NaN is never outside."""
    (low, high), (least, most) = limits, margins
    return np.asarray((low > most) | (high < least))


def verdict_at_least(interval: Interval, limit: float) -> Verdict:
    """`pass` if the interval lies at or above `limit`, `fail` if below, otherwise `unknown`."""
    if interval.low is not None and interval.low >= limit:
        return Verdict.PASS
    below = interval.high is not None and interval.high < limit
    return Verdict.FAIL if below else Verdict.UNKNOWN


def verdict_at_most(interval: Interval, limit: float) -> Verdict:
    """`pass` if the interval lies at or below `limit`, `fail` if above, otherwise `unknown`."""
    flipped = Interval(
        low=None if interval.high is None else -interval.high,
        high=None if interval.low is None else -interval.low,
        level=interval.level,
    )
    return verdict_at_least(flipped, -limit)
