"""Distances between two distributions of one column.

All take counts of rows. Cells are aligned: entry i of both counts the same value or range. No
distance depends on the number of rows, apart from the noise of small numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from assay.gates.statistics.intervals import Floats


def to_shares(counts: ArrayLike) -> Floats:
    """Counts as shares of one; all zero without rows."""
    c = np.asarray(counts, dtype=float)
    total = c.sum()
    return c / total if total > 0 else np.zeros_like(c)


def jensen_shannon(first: ArrayLike, second: ArrayLike) -> float:
    """Jensen-Shannon distance in [0, 1]: the root of the divergence to base 2.

    Endres & Schindelin, IEEE Transactions on Information Theory 49 (2003). 0 without rows.
    """
    from scipy.spatial.distance import jensenshannon

    p, q = to_shares(first), to_shares(second)
    if not p.sum() or not q.sum():
        return 0.0
    # For equal shares, rounding may give a negative divergence, whose root is NaN.
    return float(np.nan_to_num(jensenshannon(p, q, base=2)))


def population_stability_index(reference: ArrayLike, current: ArrayLike) -> float:
    """Population stability index: the symmetric Kullback-Leibler divergence, natural logarithm.

    Siddiqi, Credit Risk Scorecards (2006), chapter 10. An empty cell counts as half a row, so that
    a value that is new or gone gives a large, finite index.
    """
    p, q = (to_shares(np.maximum(np.asarray(c, dtype=float), 0.5)) for c in (reference, current))
    return float(np.sum((q - p) * np.log(q / p)))


def chi_square(first: ArrayLike, second: ArrayLike) -> float:
    """Pearson's chi-square statistic of two rows of counts; 0 where it is undefined."""
    from scipy.stats import chi2_contingency

    table = np.array([first, second], dtype=float)
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2 or not table.sum(axis=1).all():
        return 0.0
    return float(chi2_contingency(table, correction=False).statistic)


def kolmogorov_smirnov(
    values: ArrayLike, counts: ArrayLike, other_values: ArrayLike, other_counts: ArrayLike
) -> float:
    """The largest gap between two cumulative distributions, in [0, 1].

    Values ascend and may differ between the two. Kolmogorov 1933, Smirnov 1939.
    """
    v, w = np.asarray(values, dtype=float), np.asarray(other_values, dtype=float)
    every = np.union1d(v, w)
    return float(
        np.abs(_cumulative_share(every, v, counts) - _cumulative_share(every, w, other_counts)).max(
            initial=0
        )
    )


def wasserstein(
    values: ArrayLike, counts: ArrayLike, other_values: ArrayLike, other_counts: ArrayLike
) -> float:
    """Earth mover's distance in the unit of the values: how far the average row would move."""
    from scipy.stats import wasserstein_distance

    return float(wasserstein_distance(values, other_values, counts, other_counts))


def _cumulative_share(at: Floats, values: Floats, counts: ArrayLike) -> Floats:
    """Share of rows at or below each value of `at`."""
    total = np.concatenate([[0.0], np.cumsum(np.asarray(counts, dtype=float))])
    below: Floats = total[np.searchsorted(values, at, side="right")] / max(total[-1], 1)
    return below
