"""Bounds on the Bayes error, from the errors of nearest neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from assay.gates.statistics.intervals import Bools, Floats


def bayes_error_bound(error: ArrayLike) -> Floats:
    """The least Bayes error of two classes if the nearest neighbour errs by `error`.

    The inequality R <= 2 E (1 - E) for the asymptotic error R, solved for E. Cover & Hart, IEEE
    Transactions on Information Theory 13 (1967) 21-27. With finitely many rows the neighbour
    usually errs more often than in the limit, so the bound is too high.
    """
    e = np.clip(np.asarray(error, dtype=float), 0.0, 0.5)
    return np.asarray(e / (1 + np.sqrt(1 - 2 * e)))


def neighbour_errors(
    points: Floats, labels: Bools, queries: Floats, truth: Bools, sizes: ArrayLike
) -> Bools:
    """Whether the nearest of the first `sizes` known rows has the other label, (sizes, queries).

    `points` (rows, dimensions) must be in random order, so that ties are broken at random. Distance
    is squared Euclidean. Blocks bound the memory; time is points x queries x dimensions.
    """
    ends = [int(size) for size in np.atleast_1d(np.asarray(sizes))]
    data, length = points.astype(np.float32), (points.astype(np.float32) ** 2).sum(axis=1)
    wrong = np.empty((len(ends), len(queries)), dtype=bool)
    for start in range(0, len(queries), _BLOCK):
        block = slice(start, start + _BLOCK)
        # A query's own length does not change the order of its neighbours.
        far = length - 2 * queries[block].astype(np.float32) @ data.T
        for i, end in enumerate(ends):
            wrong[i, block] = labels[far[:, :end].argmin(axis=1)] != truth[block]
    return wrong


_BLOCK = 256


def neighbour_errors_1d(points: Floats, labels: Bools, queries: Floats, truth: Bools) -> Bools:
    """`neighbour_errors` in one dimension, in O(n log n), for any number of rows."""
    order = np.argsort(points, kind="stable")  # ties keep the given order, which is random
    values = points[order]
    right = np.clip(np.searchsorted(values, queries, side="left"), 0, len(values) - 1)
    left = np.clip(right - 1, 0, None)
    nearest = np.where(queries - values[left] < values[right] - queries, left, right)
    return np.asarray(labels[order][nearest] != truth)
