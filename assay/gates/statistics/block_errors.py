"""Standard errors of means over rows whose neighbours may be correlated."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from assay.gates.statistics.intervals import Floats

BLOCKS: Final = 40
_FEWEST_WINDOWS: Final = 5


def mean_error(values: Floats, *, in_order: bool, like: Floats | None = None) -> float:
    """The standard error of the mean of `values`, (rows,).

    `in_order`: neighbours may be alike, so that blocks of them are compared in place of rows.
    `like`: rows of a longer stretch, in order; then the error is at least what means of windows of
    it show, as whole windows may be alike. Unknown (NaN) for fewer than two rows.
    """
    rows = len(values)
    if rows < 2:
        return float("nan")
    if not in_order or rows < 2 * BLOCKS:
        return float(values.std(ddof=1)) / math.sqrt(rows)
    error = summed_error(values / rows - values.mean() / rows, in_order=True)
    if like is None or len(like) < _FEWEST_WINDOWS * 2:
        return error
    window = min(rows, len(like) // _FEWEST_WINDOWS)
    count = len(like) // window
    means = like[: count * window].reshape(count, window).mean(axis=1)
    return max(error, float(means.std(ddof=1)) * math.sqrt(min(window / rows, 1.0)))


def summed_error(parts: Floats, *, in_order: bool) -> float:
    """The standard error of a sum of independent `parts`, (rows,), whose weights are in them."""
    if not in_order or len(parts) < 2 * BLOCKS:
        centred = parts - parts.mean()
        return float((centred**2).sum() ** 0.5)
    edges = np.arange(BLOCKS) * len(parts) // BLOCKS
    sums = np.add.reduceat(parts, edges)
    return float(((sums - sums.mean()) ** 2).sum() ** 0.5 * (BLOCKS / (BLOCKS - 1)) ** 0.5)
