"""Quantiles with distribution-free intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from assay.gates.statistics.intervals import Estimate, make_interval


def quantile(values: ArrayLike, share: float, level: float = 0.95) -> Estimate:
    """The `share` quantile of independent `values`, with an interval between two order statistics.

    A side without a sufficiently extreme order statistic is unbounded: the 95th percentile has an
    upper limit from 72 values on. Conover, Practical Nonparametric Statistics (1999), section
    3.2, by SciPy's `quantile_test`. Raises ValueError without values.
    """
    from scipy.stats import quantile_test

    v = np.asarray(values, dtype=float)
    if len(v) == 0:
        raise ValueError("a quantile needs values")
    limits = quantile_test(v, p=share).confidence_interval(confidence_level=level)
    return Estimate(float(np.quantile(v, share)), make_interval(limits.low, limits.high, level))
