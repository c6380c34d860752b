"""Confidence intervals for shares of rows and their differences."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from assay.gates.report import Interval
from assay.gates.statistics.intervals import Floats


def wilson_limits(
    successes: ArrayLike, rows: ArrayLike, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Wilson's lower and upper limits of shares, elementwise; (0, 1) without rows.

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
