"""Intervals for the difference of two shares of the same rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from assay.gates.statistics.intervals import Limits, normal_quantile


def paired_limits(
    gains: ArrayLike, losses: ArrayLike, rows: ArrayLike, level: float = 0.95
) -> Limits:
    """Limits of the difference of two shares of the same rows, elementwise; (-1, 1) without rows.

    `gains` rows count only in the first share, `losses` rows only in the second. The adjusted Wald
    interval: Bonett & Price, Journal of Educational and Behavioral Statistics 37 (2012) 479-488.
    """
    b, c, n = (np.asarray(v, dtype=float) for v in (gains, losses, rows))
    more, less = (b + 1) / (n + 2), (c + 1) / (n + 2)
    spread = np.sqrt(np.maximum(more + less - (more - less) ** 2, 0) / (n + 2))
    middle, half = more - less, normal_quantile(level) * spread
    known = n > 0
    low = np.where(known, np.maximum(middle - half, -1.0), -1.0)
    high = np.where(known, np.minimum(middle + half, 1.0), 1.0)
    return np.asarray(low), np.asarray(high)
