"""Whether a few large errors decide a mean square, so that no interval of it holds."""

from __future__ import annotations

import numpy as np

from assay.gates.statistics.intervals import Floats

LARGEST = 0.01
"""The share of rows, those of the largest errors, whose part in the mean square is looked at."""
_LIMITS = ((5000, 0.25), (0, 0.2))
"""From how many rows on which part is accepted.

They carry .08 of the mean square where errors are normal, .16 where they are Laplace's, .21 where
they are exponential; .32 where they are Student's with 3 degrees of freedom, whose squares have no
variance, and .47 where they are lognormal (sigma 1). The delta method's 95 % interval of RMSE then
holds .95, .94, .95, .80 and .89 of the time, at 5,000 rows. By these limits an interval is given
and misses with a probability of at most .07 from 1,000 rows on, for each of these. Of fewer rows
the largest errors may simply not be among them: of 200 rows with Student's errors, .20 look sure
and miss.
"""


def tail_share(squares: Floats, weights: Floats | None = None) -> float:
    """The part of the sum that the largest 1 % of `squares` carry, at least one of them; 0 without
    any above zero. Of rows with `weights`, a row's part is its square times its weight.
    """
    if weights is not None:
        squares = squares * weights
    total = float(squares.sum())
    if not total > 0:
        return 0.0
    rows = len(squares)
    few = max(int(np.ceil(LARGEST * rows)), 1)
    return float(np.partition(squares, rows - few)[rows - few :].sum()) / total


def is_heavy(squares: Floats, weights: Floats | None = None) -> bool:
    """Whether the largest carry so much that no interval of the mean square is relied on."""
    rows = len(squares)
    limit = next(limit for least, limit in _LIMITS if rows >= least)
    return tail_share(squares, weights) > limit
