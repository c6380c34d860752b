"""Tests for tables in which neighbouring rows are correlated.

Rows that come in runs (a household, a region, an hour) carry less information than as many
independent rows. How much less is measured on windows of the reference, cut from neighbouring rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assay.gates.statistics.intervals import Floats

FEWEST_EXPECTED = 5  # expected rows in a cell: Cochran, Biometrics 10 (1954)


@dataclass(frozen=True, slots=True)
class WindowVariation:
    """How counts of a column's cells vary between windows of the reference, beyond chance.

    A window's share of a cell has the variance p (1 - p) (1 / rows + `between_variance`). `freedom`
    is the effective number of directions in which cells vary, `windows` the number of windows.
    """

    between_variance: float
    freedom: float
    windows: int
    rows: float  # table rows in one window


@dataclass(frozen=True, slots=True)
class ClusteredChiSquare:
    """Pearson's chi-square, its expectation by chance under clustering, and the p-value."""

    statistic: float
    expected: float
    p: float


def measure_window_variation(windows: ArrayLike, rows: float) -> WindowVariation:
    """How cell counts (windows, cells) vary between successive windows of `rows` table rows.

    The counts may be of a sample of the windows' rows. Rao & Scott, Annals of Statistics 12
    (1984): the design effect is the mean of the eigenvalues of the cells' covariance over its
    value for independent rows, never below one. The degrees of freedom are Satterthwaite's, minus
    what the noise of few windows adds to the squares.
    """
    table = np.asarray(windows, dtype=float)
    table = table[:, table.sum(axis=0) > 0]
    count, cells = table.shape
    sampled = table.sum(axis=1)
    degrees = max(cells - 1, 1)
    if count < 2 or cells < 2 or not sampled.all():
        return WindowVariation(0.0, float(degrees), max(count, 2), rows)
    p = table.sum(axis=0) / table.sum()
    scaled = (table / sampled[:, None] - p) / np.sqrt(p) * np.sqrt(sampled)[:, None]
    spread = scaled @ scaled.T / (count - 1)  # has the non-zero eigenvalues of the covariance
    total, squares = float(np.trace(spread)), float((spread**2).sum())
    effect = max(total / degrees, 1.0)
    squares = max(squares - total**2 / (count - 1), total**2 / degrees)
    freedom = float(np.clip(total**2 / squares, 1.0, degrees)) if total else float(degrees)
    return WindowVariation((effect - 1) / float(sampled.mean()), freedom, count, rows)


def measure_longer_windows(windows: ArrayLike, rows: float) -> list[WindowVariation]:
    """`measure_window_variation` of windows of two and four neighbours, where neighbours are alike.

    A run of similar rows that is longer than a window varies more between longer ones than their
    length explains. None where neighbouring windows are no more alike than by chance (the
    autocorrelation at lag 1, at 5 %), or where fewer than five would be left.
    """
    table = np.asarray(windows, dtype=float)
    if not _are_neighbours_alike(table, measure_window_variation(table, rows).freedom):
        return []
    found = []
    for size in (2, 4):
        count = len(table) // size
        if count >= _FEWEST_WINDOWS:
            merged = table[: count * size].reshape(count, size, -1).sum(axis=1)
            found.append(measure_window_variation(merged, rows * size))
    return found


_FEWEST_WINDOWS = 5


def _are_neighbours_alike(table: Floats, freedom: float) -> bool:
    table = table[:, table.sum(axis=0) > 0]
    sampled = table.sum(axis=1)
    if len(table) < 2 * _FEWEST_WINDOWS or table.shape[1] < 2 or not sampled.all():
        return False
    p = table.sum(axis=0) / table.sum()
    scaled = (table / sampled[:, None] - p) / np.sqrt(p) * np.sqrt(sampled)[:, None]
    squares = float((scaled**2).sum())
    if not squares:
        return False
    likeness = float((scaled[1:] * scaled[:-1]).sum()) / squares
    return bool(likeness > 1.645 / np.sqrt((len(table) - 1) * freedom))


def clustered_chi_square(
    reference: ArrayLike, current: ArrayLike, variation: WindowVariation
) -> ClusteredChiSquare:
    """Test whether `current` counts of cells are further from the reference than its windows are.

    Pearson's statistic over its expectation under clustering, against F: Thomas & Rao, J. Am.
    Stat. Assoc. 82 (1987). Cells with fewer than 5 expected rows are merged.
    """
    from scipy.stats import f

    p, q = _pool_sparse_cells(np.asarray(reference, dtype=float), np.asarray(current, dtype=float))
    old, new = float(p.sum()), float(q.sum())
    if len(p) < 2 or not old or not new:
        return ClusteredChiSquare(0.0, 0.0, 1.0)
    both = (p + q) / (old + new)
    statistic = float(np.sum((q / new - p / old) ** 2 / both)) / (1 / old + 1 / new)
    # What both batches' windows vary by, where a batch is at least one window long, or lies in one.
    varying = variation.between_variance * (
        min(1.0, variation.rows / new) + min(1.0, variation.rows / old)
    )
    effect = 1 + varying / (1 / old + 1 / new)
    degrees = len(p) - 1
    freedom = min(variation.freedom, degrees)
    ratio = statistic / (degrees * effect)
    probability = float(f.sf(ratio, freedom, freedom * (variation.windows - 1)))
    return ClusteredChiSquare(statistic, degrees * effect, probability)


def jackknife_error(without: ArrayLike) -> float:
    """Standard error of a statistic from its values with one block of rows left out each time.

    Künsch, Annals of Statistics 17 (1989): blocks of neighbouring rows, so that runs of similar
    rows are accounted for. NaN for fewer than two values, and if one is undefined: then the
    statistic depends wholly on the block that is left out, and its error is unknown.
    """
    values: NDArray[np.float64] = np.asarray(without, dtype=float)
    if len(values) < 2 or not np.isfinite(values).all():
        return float("nan")
    return float(np.sqrt((len(values) - 1) * np.mean((values - values.mean()) ** 2)))


def _pool_sparse_cells(reference: Floats, current: Floats) -> tuple[Floats, Floats]:
    """Aligned counts with the sparse cells merged into one.

    If that cell is still so sparse that a single row would look like a shift, it is added to the
    smallest of the others.
    """
    total = reference + current
    smaller = current if current.sum() <= reference.sum() else reference
    expected = total * (smaller.sum() / total.sum()) if total.sum() else total
    sparse = expected < FEWEST_EXPECTED
    if not sparse.any():
        return reference, current
    alone = expected[sparse].sum() >= 1 or smaller[sparse].sum() >= FEWEST_EXPECTED
    if not alone and not sparse.all():
        sparse[np.argmin(np.where(sparse, np.inf, expected))] = True
    kept = [np.append(c[~sparse], c[sparse].sum()) for c in (reference, current)]
    some = kept[0] + kept[1] > 0
    return kept[0][some], kept[1][some]
