"""DeLong's covariance for clustered rows, such as several rows of one person."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from assay.gates.statistics.cluster_errors import ClusterError, mean_error
from assay.gates.statistics.intervals import Bools, Floats
from assay.util.sorted_arrays import sorted_unique


def clustered_delong_covariance(
    truth: Bools, scores: Floats, units: ArrayLike
) -> tuple[Floats, Floats]:
    """AUCs (k,) and their covariance (k, k) for `scores` (k, rows) of clustered rows.

    Rows of one of `units` (rows,) may be correlated; different units are independent. Obuchowski,
    Biometrics 53 (1997) 567-578, in the form of summed influences, which allows a unit rows of both
    outcomes. A class whose rows are all of one unit leaves the covariance NaN: that unit's
    influences cancel out, whatever it is like. Raises ValueError unless `truth` holds both classes.
    """
    placed = placement_values(truth, scores)
    m, n = int(truth.sum()), int((~truth).sum())
    areas = placed[:, truth].mean(axis=1)
    of = np.asarray(units)
    if min(len(sorted_unique(of[truth])), len(sorted_unique(of[~truth]))) < 2:
        return areas, np.full((len(areas),) * 2, np.nan)
    influence = (placed - areas[:, None]) / np.where(truth, m, n)
    return areas, clustered_covariance(influence, of)


def placement_values(truth: Bools, scores: Floats, weights: Floats | None = None) -> Floats:
    """Placement values of `scores` (k, rows), whose mean over either class is the AUC.

    For a positive, the share of negatives that it outranks. For a negative, one minus the share of
    positives that outrank it. Ties count half. Shares and means are by the `weights` of the rows.
    Raises ValueError unless `truth` holds both classes.
    """
    from scipy.stats import rankdata

    if weights is not None:
        return np.array([_weighted_placements(truth, score, weights) for score in scores])

    m, n = int(truth.sum()), int((~truth).sum())
    if m == 0 or n == 0:
        raise ValueError("an ROC curve needs rows of both classes")
    placed = np.empty(scores.shape)
    pooled = rankdata(scores, axis=1)
    placed[:, truth] = (pooled[:, truth] - rankdata(scores[:, truth], axis=1)) / n
    placed[:, ~truth] = 1 - (pooled[:, ~truth] - rankdata(scores[:, ~truth], axis=1)) / m
    return placed


def _weighted_placements(truth: Bools, score: Floats, weights: Floats) -> Floats:
    positives, negatives = np.where(truth, weights, 0.0), np.where(truth, 0.0, weights)
    if not (positives.any() and negatives.any()):
        raise ValueError("an ROC curve needs rows of both classes")
    place = np.unique(score, return_inverse=True)[1]
    mine, theirs = (np.bincount(place, w) for w in (positives, negatives))
    below = (np.cumsum(theirs) - theirs / 2) / negatives.sum()
    above = 1 - (np.cumsum(mine) - mine / 2) / positives.sum()
    return np.asarray(np.where(truth, below[place], above[place]))


def auc_error(
    truth: Bools, score: Floats, clusters: ArrayLike, weights: Floats | None = None
) -> ClusterError:
    """The error of one AUC, from the mean placement of positives and that of negatives."""
    placed, of = placement_values(truth, score[None, :], weights)[0], np.asarray(clusters)
    own, other = (
        mean_error(placed[side], of[side], None if weights is None else weights[side])
        for side in (truth, ~truth)
    )
    return own.plus(other)


def clustered_covariance(influence: Floats, units: ArrayLike) -> Floats:
    """Covariance (k, k) of k estimates, each the sum of its `influence` (k, rows) and a constant.

    The cluster-robust sandwich: influences are summed within units first. NaN for a single unit.
    """
    codes = np.unique(np.asarray(units), return_inverse=True)[1]
    count = int(codes.max()) + 1
    if count < 2:
        return np.full((len(influence),) * 2, np.nan)
    sums = np.array([np.bincount(codes, row, minlength=count) for row in influence])
    return np.asarray(sums @ sums.T * count / (count - 1))
