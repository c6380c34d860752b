"""The root mean square of errors that are known only with noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from assay.gates.statistics.intervals import Estimate, make_interval


def root_mean_square(
    errors: ArrayLike, variances: ArrayLike, weights: ArrayLike, level: float = 0.95
) -> Estimate:
    """Root of the weighted mean square of the true errors behind noisy, unbiased `errors`.

    The squares expected from noise alone (`variances`) are subtracted, so that the root is 0 if
    only noise is seen. Interval: the mean square is a multiple of a noncentral chi-square, its
    multiple and degrees of freedom by Satterthwaite (Biometrics Bulletin 2, 1946), its
    noncentrality by inverting the distribution (Kent & Hainsworth, J. Stat. Plan. Inference 46,
    1995). Values below the expectation of noise narrow the interval no further. `weights` sum to
    1. Raises ValueError unless some variance is above 0.
    """
    d, v, w = (np.asarray(a, dtype=float) for a in (errors, variances, weights))
    noise = w * v
    if not (noise > 0).any():
        raise ValueError("errors without noise need no interval")
    unit = float((noise**2).sum() / noise.sum())
    freedom = float(noise.sum() ** 2 / (noise**2).sum())
    seen = float((w * d**2).sum())
    low = _noncentrality(seen / unit, freedom, (1 + level) / 2)
    high = _noncentrality(max(seen / unit, freedom), freedom, (1 - level) / 2)
    low, high = (float(np.sqrt(unit * side)) for side in (low, high))
    return Estimate(float(np.sqrt(max(seen - noise.sum(), 0.0))), make_interval(low, high, level))


def _noncentrality(value: float, freedom: float, share: float) -> float:
    """The noncentrality at which `share` of the chi-square lies below `value`.

    0 if less than `share` lies below even without noncentrality.
    """
    from scipy.optimize import brentq
    from scipy.stats import ncx2

    def surplus(noncentral: float) -> float:
        return float(ncx2.cdf(value, freedom, noncentral)) - share

    if surplus(0.0) <= 0:
        return 0.0
    high = max(value, 1.0)
    while surplus(high) > 0:
        high *= 2
    return float(brentq(surplus, 0.0, high))
