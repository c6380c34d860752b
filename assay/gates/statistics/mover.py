"""Intervals for differences and ratios of two estimates, from the interval of each.

The method of variance estimates recovery (MOVER) needs only each estimate's limits, keeps their
asymmetry, and works for any estimate that has limits. With Wilson's limits of shares, the
difference is Newcombe's method 10.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from assay.gates.statistics.intervals import Floats, Limits

LimitPair = tuple[ArrayLike, ArrayLike]  # lower and upper limits


def difference_limits(
    value: ArrayLike,
    limits: LimitPair,
    rival: ArrayLike,
    rival_limits: LimitPair,
    correlation: ArrayLike = 0.0,
) -> Limits:
    """Limits of value minus rival from each one's own limits, elementwise.

    `correlation` is that of the two estimates. By default they count as independent, which is too
    wide for two positively correlated scores of the same rows. Zou & Donner, Statistics in Medicine
    27 (2008) 1693-1702 (MOVER).
    """
    one, (low, high) = _floats(value), map(_floats, limits)
    other, (other_low, other_high) = _floats(rival), map(_floats, rival_limits)
    correlation = _floats(correlation)
    down = _mover_distance(one - low, other_high - other, correlation)
    up = _mover_distance(high - one, other - other_low, correlation)
    return np.asarray(one - other - down), np.asarray(one - other + up)


def _mover_distance(first: Floats, second: Floats, correlation: Floats) -> Floats:
    square = first**2 + second**2 - 2 * correlation * first * second
    return np.sqrt(np.maximum(square, 0.0))  # rounding may leave it just below


def ratio_limits(
    value: ArrayLike,
    limits: LimitPair,
    rival: ArrayLike,
    rival_limits: LimitPair,
    correlation: ArrayLike = 0.0,
) -> Limits:
    """Limits of value over rival from each one's own limits, elementwise; none may be negative.

    `correlation` is that of the two estimates. The limits are the ratios r at which zero is a limit
    of value minus r times rival. The upper one is infinite if the rival may be zero. Donner & Zou,
    Statistical Methods in Medical Research 21 (2012) 347-359 (MOVER-R); for shares Fagerland &
    Newcombe, Statistics in Medicine 32 (2013) 2823-2836.
    """
    one, (low, high) = _floats(value), map(_floats, limits)
    other, (other_low, other_high) = _floats(rival), map(_floats, rival_limits)
    correlation = _floats(correlation)
    down = one * other - correlation * (one - low) * (other_high - other)
    up = one * other - correlation * (high - one) * (other - other_low)
    least, most = low * (2 * one - low), high * (2 * one - high)
    rival_least = other_low * (2 * other - other_low)
    rival_most = other_high * (2 * other - other_high)
    with np.errstate(divide="ignore", invalid="ignore"):
        # The usual form divides by `rival_most`, which may be zero; this form is equivalent.
        below = least / (down + np.sqrt(np.maximum(down**2 - least * rival_most, 0)))
        above = (up + np.sqrt(np.maximum(up**2 - most * rival_least, 0))) / rival_least
    below = np.where(np.isnan(one * other) | (least > 0), below, 0.0)
    return np.asarray(below), np.asarray(np.where(rival_least > 0, above, np.inf))


def _floats(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=float)
