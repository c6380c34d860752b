"""Cluster-robust errors of estimates, for rows such as several of one person.

Rows of one cluster may have correlated errors, so errors are summed within clusters first. The sums
are scaled as in the bias-reduced sandwich CR2. The quantiles are Student's with the degrees of
freedom of Bell & McCaffrey, Survey Methodology 28 (2002) 169-181. These hold for twenty clusters
and for clusters of unequal size, where the plain sandwich (CR1) does not. A share's interval is
Wilson's at the number of independent rows that would have this variance.

Rows of unequal sampling weight are the same case: a row's error counts with its weight, and where
rows do not belong together each is its own cluster. This is linearisation as for a sample drawn
with replacement (Binder, International Statistical Review 51, 1983).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.gates.statistics.intervals import Bools, Floats, Limits
from assay.util.sorted_arrays import sorted_unique

if TYPE_CHECKING:
    import pandas as pd

Ints = NDArray[np.integer[Any]]

MIN_CLUSTERS = 10  # clusters of equal size; estimates from fewer are not judged


@dataclass(frozen=True, slots=True)
class Clusters:
    """The cluster of each row, as a code, and the name of what the codes stand for.

    `weights`: how much each row counts; None where all count alike. `name` is empty where no two
    rows belong together, and only their weights differ.
    """

    codes: Ints
    name: str
    weights: Floats | None = None

    def of(self, rows: Bools) -> Clusters:
        """The clusters of some of the rows."""
        weights = None if self.weights is None else self.weights[rows]
        return Clusters(self.codes[rows], self.name, weights)

    def effective(self, rows: Bools) -> float:
        """The number of equal clusters that would carry as much information as some of the rows."""
        if self.weights is None:
            return _effective_number(np.unique(self.codes[rows], return_counts=True)[1])
        place = np.unique(self.codes[rows], return_inverse=True)[1]
        return _effective_number(np.bincount(place, self.weights[rows]))

    def mean_error(self, values: ArrayLike) -> ClusterError:
        """The error of the mean of `values`, one a row."""
        return mean_error(values, self.codes, self.weights)

    @property
    def request(self) -> str:
        """What to bring where there are too few of them."""
        return f"Bring rows of more values of {self.name}" if self.name else "Bring more rows"


def find_clusters(
    units: ArrayLike | None, name: str, weights: Floats | None = None
) -> Clusters | None:
    """The clusters that `units`, one value a row, make; None if no two rows share a value and all
    count alike.
    """
    if units is None:
        return None if weights is None else Clusters(np.arange(len(weights)), "", weights)
    codes = np.unique(np.asarray(units), return_inverse=True)[1]
    alone = len(sorted_unique(codes)) == len(codes)
    if alone:
        return None if weights is None else Clusters(codes, "", weights)
    return Clusters(codes, name, weights)


def cluster_rows(units: pd.Series | None, weights: Floats | None = None) -> Clusters | None:
    """`find_clusters` of a series that is named for what its values are of."""
    if units is None:
        return find_clusters(None, "", weights)
    return find_clusters(units.to_numpy(), str(units.name), weights)


def weights_of(clusters: Clusters | None) -> Floats | None:
    """How much each row counts; None where all count alike."""
    return None if clusters is None else clusters.weights


def scaled_weights(clusters: Clusters | None) -> Floats | None:
    """The rows' weights, made to sum to the number of rows; None where all count alike."""
    weights = weights_of(clusters)
    return None if weights is None else weights * (len(weights) / weights.sum())


def weighted_mean(values: ArrayLike, clusters: Clusters | None = None) -> float:
    """The mean of `values`, one a row, by the rows' weights."""
    return float(np.average(np.asarray(values, dtype=float), weights=weights_of(clusters)))


def weighted_sum(values: ArrayLike, clusters: Clusters | None = None) -> float:
    """The sum of `values`, one a row, each times its row's weight."""
    weights = weights_of(clusters)
    v = np.asarray(values, dtype=float)
    return float(v.sum() if weights is None else v @ weights)


@dataclass(frozen=True, slots=True)
class ClusterError:
    """Each cluster's contribution to one estimate's error; their squares sum to the variance.

    `freedom` are Student's degrees of freedom, NaN for a single cluster. `effective` is the number
    of clusters of equal size with as much information, and `rows` the number of rows.
    """

    clusters: Ints  # cluster codes, ascending
    parts: Floats
    freedom: float
    effective: float
    rows: float = 0.0

    @property
    def variance(self) -> float:
        return float(self.parts @ self.parts)

    def times(self, factor: float) -> ClusterError:
        """The error of `factor` times the estimate."""
        return replace(self, parts=factor * self.parts)

    def plus(self, other: ClusterError) -> ClusterError:
        """The error of the sum of two estimates, with the fewer degrees of freedom of the two."""
        codes = np.union1d(self.clusters, other.clusters)
        parts = np.zeros(len(codes))
        for one in (self, other):
            parts[np.searchsorted(codes, one.clusters)] += one.parts
        return ClusterError(
            codes,
            parts,
            float(np.minimum(self.freedom, other.freedom)),
            min(self.effective, other.effective),
            self.rows + other.rows,
        )

    def of_other_clusters(self, times: float) -> ClusterError:
        """The error if the estimate came from `times` as many other clusters of the same kind."""
        return ClusterError(
            -1 - self.clusters[::-1],
            self.parts[::-1] / np.sqrt(times),
            self.freedom * times,
            self.effective * times,
            self.rows * times,
        )

    def correlation(self, other: ClusterError) -> float:
        """The correlation of two estimates through shared clusters; 0 if one has no variance."""
        scale = np.sqrt(self.variance * other.variance)
        if not scale > 0:
            return 0.0
        _, own, theirs = np.intersect1d(
            self.clusters, other.clusters, assume_unique=True, return_indices=True
        )
        return float(np.clip(self.parts[own] @ other.parts[theirs] / scale, -1, 1))


def cluster_error(
    influence: ArrayLike, clusters: ArrayLike, rows: ArrayLike | None = None
) -> ClusterError:
    """The error of an estimate that changes by `influence` (rows,) with each row's weight.

    `rows` counts the rows that each entry stands for in the estimate's denominator; one by default.
    """
    codes, place = np.unique(np.asarray(clusters), return_inverse=True)
    size = np.bincount(place, None if rows is None else np.asarray(rows, dtype=float))
    change = np.asarray(influence, dtype=float)
    sums = np.bincount(place, change)
    sums[np.abs(sums) <= 1e-12 * np.abs(change).sum()] = 0.0  # rounding error
    effective = _effective_number(size)
    entries = float(len(change) if rows is None else np.count_nonzero(rows))
    if np.count_nonzero(size) < 2:
        return ClusterError(codes, np.full(len(codes), np.nan), np.nan, effective, entries)
    share = size / size.sum()
    own, shared = share / (1 - share), share**2 / (1 - share)
    freedom = (own.sum() - shared.sum()) ** 2 / (
        (own**2).sum() - 2 * (own * shared).sum() + shared.sum() ** 2
    )
    return ClusterError(codes, sums / np.sqrt(1 - share), float(freedom), effective, entries)


def mean_error(
    values: ArrayLike, clusters: ArrayLike, rows: ArrayLike | None = None
) -> ClusterError:
    """The error of the mean of `values`, each of which stands for that many `rows`."""
    v = np.asarray(values, dtype=float)
    w = np.ones(len(v)) if rows is None else np.asarray(rows, dtype=float)
    total = w.sum()
    if not total > 0:
        return ClusterError(np.empty(0, int), np.empty(0), np.nan, 0.0)
    return cluster_error(w * (v - w @ v / total) / total, clusters, w)


def _effective_number(size: ArrayLike) -> float:
    n = np.asarray(size, dtype=float)
    squares = float((n**2).sum())
    return float(n.sum() ** 2 / squares) if squares > 0 else 0.0


def student_quantile(level: float, freedom: ArrayLike) -> Floats:
    """Half width, in standard errors, of Student's interval at the two-sided `level`."""
    from scipy.stats import t

    return np.asarray(t.ppf((1 + level) / 2, np.asarray(freedom, dtype=float)))


@dataclass(frozen=True, slots=True)
class ClusterSpread:
    """The uncertainty of clustered estimates, elementwise: see `ClusterError`."""

    variance: Floats
    freedom: Floats
    effective: Floats
    rows: Floats

    def grow(self, times: ArrayLike) -> ClusterSpread:
        """The spread with that many times as many clusters of the same kind."""
        more = np.asarray(times, dtype=float)
        return ClusterSpread(
            self.variance / more, self.freedom * more, self.effective * more, self.rows * more
        )


def spread_of(*errors: ClusterError) -> ClusterSpread:
    """The spread of several estimates, in order."""
    columns = [(e.variance, e.freedom, e.effective, e.rows) for e in errors]
    return ClusterSpread(*np.array(columns, dtype=float).reshape(-1, 4).T)


def clustered_share_limits(
    share: ArrayLike, rows: ArrayLike, spread: ClusterSpread, level: float = 0.95
) -> Limits:
    """Wilson's limits of shares of `rows` clustered rows, elementwise.

    (0, 1) with at most one cluster. A share of exactly 0 or 1 has no variance: then each cluster
    counts as one row.
    """
    p, n = (np.asarray(v, dtype=float) for v in (share, rows))
    quantile = student_quantile(level, spread.freedom)
    with np.errstate(divide="ignore", invalid="ignore"):
        alike = np.where(p * (1 - p) > 0, p * (1 - p) / spread.variance, spread.effective)
        alike = np.minimum(alike, n)
        weight = quantile**2 / alike
        centre = (p + weight / 2) / (1 + weight)
        half = quantile * np.sqrt(p * (1 - p) / alike + weight / (4 * alike)) / (1 + weight)
    known = np.isfinite(centre) & np.isfinite(half) & (n > 0)
    low = np.where(known, np.clip(centre - half, 0.0, 1.0), 0.0)
    return low, np.where(known, np.clip(centre + half, 0.0, 1.0), 1.0)


def clustered_mean_limits(
    mean: ArrayLike, bounds: tuple[float, float], spread: ClusterSpread, level: float = 0.95
) -> Limits:
    """Student's limits of clustered means of values within `bounds`, elementwise.

    NaN with at most one cluster. Equal values have no variance: then the share of clusters that
    would differ is at most Wilson's upper limit for none of them, and those could lie at either
    bound.
    """
    value, (least, most) = np.asarray(mean, dtype=float), bounds
    half = student_quantile(level, spread.freedom) * np.sqrt(spread.variance)
    other = clustered_share_limits(0.0, spread.effective, spread, level)[1]
    flat = spread.variance == 0
    low = np.where(flat, value + other * (least - value), value - half)
    high = np.where(flat, value + other * (most - value), value + half)
    return np.clip(low, least, most), np.clip(high, least, most)


def clustered_logit_limits(value: ArrayLike, spread: ClusterSpread, level: float = 0.95) -> Limits:
    """Student's limits on the logit scale, for values between 0 and 1 that are not shares of rows.

    A value of 0 or 1 gets the limits of a share of the clusters. NaN with at most one cluster.
    """
    v = np.atleast_1d(np.asarray(value, dtype=float))
    inside = (v > 0) & (v < 1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        slope = v * (1 - v)
        half = student_quantile(level, spread.freedom) * np.sqrt(spread.variance) / slope
        centre = np.log(v / (1 - v))
        low, high = (1 / (1 + np.exp(-(centre + sign * half))) for sign in (-1, 1))
    edges = clustered_share_limits(np.where(inside, 0.0, v), spread.effective, spread, level)
    return np.where(inside, low, edges[0]), np.where(inside, high, edges[1])
