"""The area under the ROC curve, with DeLong's variance, and the difference of two."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from assay.evidence.report import Interval
from assay.evidence.statistics.intervals import Bools, Estimate, Floats, normal_quantile


def roc_auc(truth: ArrayLike, score: ArrayLike, level: float = 0.95) -> Estimate:
    """ROC AUC with DeLong's interval, taken on the logit scale so that it stays inside (0, 1).

    DeLong, DeLong & Clarke-Pearson, Biometrics 44 (1988); the transformation after Pepe, The
    Statistical Evaluation of Medical Tests (2003), section 5.2. Perfect ranking has no variance
    of its own, and a class of one row none that can be estimated: then Newcombe's score interval.
    Raises ValueError unless `truth` holds both classes.
    """
    y = np.asarray(truth, dtype=bool)
    areas, covariance = delong(y, np.asarray(score, dtype=float)[None, :])
    area, variance = float(areas[0]), float(covariance[0, 0])
    return Estimate(area, _interval(area, variance, int(y.sum()), int((~y).sum()), level))


def roc_auc_difference(
    truth: ArrayLike, score: ArrayLike, rival: ArrayLike, level: float = 0.95
) -> Estimate:
    """AUC of `score` minus AUC of `rival` on the same rows, with DeLong's paired interval."""
    y = np.asarray(truth, dtype=bool)
    both = np.array([score, rival], dtype=float)
    areas, covariance = delong(y, both)
    difference = float(areas[0] - areas[1])
    contrast = np.array([1.0, -1.0])
    variance = float(contrast @ covariance @ contrast)
    if np.isfinite(variance) and (variance > 1e-16 or _same_order(both)):
        half = normal_quantile(level) * float(np.sqrt(max(variance, 0.0)))
        low, high = difference - half, difference + half
    else:
        low, high = _unpaired(areas, covariance, y, difference, level)
    return Estimate(difference, Interval(low=max(low, -1), high=min(high, 1), level=level))


def delong(truth: Bools, scores: Floats) -> tuple[Floats, Floats]:
    """AUCs (k,) and their covariance (k, k) for `scores` (k, rows) on the same rows.

    By midranks in O(n log n): Sun & Xu, IEEE Signal Processing Letters 21 (2014). A class of one
    row leaves the covariance NaN. Raises ValueError unless `truth` holds both classes.
    """
    from scipy.stats import rankdata

    m, n = int(truth.sum()), int((~truth).sum())
    if m == 0 or n == 0:
        raise ValueError("an ROC curve needs rows of both classes")
    positive, negative = scores[:, truth], scores[:, ~truth]
    pooled = rankdata(np.hstack([positive, negative]), axis=1)
    wins = (pooled[:, :m] - rankdata(positive, axis=1)) / n
    losses = 1 - (pooled[:, m:] - rankdata(negative, axis=1)) / m
    areas = wins.mean(axis=1)
    if m < 2 or n < 2:
        return areas, np.full((len(areas),) * 2, np.nan)
    return areas, np.atleast_2d(np.cov(wins)) / m + np.atleast_2d(np.cov(losses)) / n


def _interval(area: float, variance: float, m: int, n: int, level: float) -> Interval:
    if area in (0.0, 1.0) or not np.isfinite(variance):
        return _score_interval(area, m, n, level)
    slope = area * (1 - area)
    half = normal_quantile(level) * np.sqrt(variance) / slope
    centre = np.log(area / (1 - area))
    low, high = (1 / (1 + np.exp(-(centre + s * half))) for s in (-1, 1))
    return Interval(low=float(low), high=float(high), level=level)


def _score_interval(area: float, m: int, n: int, level: float) -> Interval:
    """Newcombe, Statistics in Medicine 25 (2006) 559-573, method 5: also right at 0 and 1."""
    from scipy.optimize import brentq

    z, extra = normal_quantile(level), (m + n) / 2 - 1

    def lack(theta: float) -> float:
        spread = 1 + extra * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        return abs(theta - area) - z * float(np.sqrt(theta * (1 - theta) * spread / (m * n)))

    edge = 1e-12
    low = float(brentq(lack, 0.0, area - edge)) if area > edge else 0.0
    high = float(brentq(lack, area + edge, 1.0)) if area < 1 - edge else 1.0
    return Interval(low=low, high=high, level=level)


def _same_order(scores: Floats) -> bool:
    from scipy.stats import rankdata

    first, second = rankdata(scores, axis=1)
    return bool(np.array_equal(first, second))


def _unpaired(
    areas: Floats, covariance: Floats, truth: Bools, difference: float, level: float
) -> tuple[float, float]:
    """Limits from the two single intervals as if independent (Zou & Donner 2008): too wide."""
    m, n = int(truth.sum()), int((~truth).sum())
    limits = [_interval(float(areas[i]), float(covariance[i, i]), m, n, level) for i in (0, 1)]
    low, high = np.array([[limit.low, limit.high] for limit in limits], dtype=float).T
    down = np.hypot(areas[0] - low[0], high[1] - areas[1])
    up = np.hypot(high[0] - areas[0], areas[1] - low[1])
    return difference - float(down), difference + float(up)
