"""Tests that know that neighbouring rows are alike.

Rows that come in runs (a household, a region, an hour) say less than as many independent ones.
How much less is measured on windows of the reference, cut where the rows lie next to each other.
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
    is the effective number of directions in which cells vary, `windows` how many were compared.
    """

    between_variance: float
    freedom: float
    windows: int
    rows: float  # of the table, in one window


@dataclass(frozen=True, slots=True)
class ClusteredChiSquare:
    """Pearson's chi-square, what it is on average by chance given the clustering, and p."""

    statistic: float
    expected: float
    p: float


def measure_window_variation(windows: ArrayLike, rows: float) -> WindowVariation:
    """From counts of cells in successive windows, (windows, cells), of `rows` table rows each.

    The counts may be of a sample of the windows' rows. Rao & Scott, Annals of Statistics 12
    (1984): the design effect is the mean of the eigenvalues of the cells' covariance over its
    value for independent rows, never below one; the freedom is Satterthwaite's, less what the
    noise of few windows puts into the squares.
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


def clustered_chi_square(
    reference: ArrayLike, current: ArrayLike, variation: WindowVariation
) -> ClusteredChiSquare:
    """Whether `current` counts of cells are further from the reference's than its windows are.

    Pearson's statistic over its expectation under clustering, against F: Thomas & Rao, J. Am.
    Stat. Assoc. 82 (1987). Cells with fewer than 5 expected rows are put together.
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

    Künsch, Annals of Statistics 17 (1989): blocks of neighbouring rows, so that runs of alike
    rows count for what they are. NaN for fewer than two, and where one is undefined: then all
    depends on the block that it leaves out, and nothing says how much.
    """
    values: NDArray[np.float64] = np.asarray(without, dtype=float)
    if len(values) < 2 or not np.isfinite(values).all():
        return float("nan")
    return float(np.sqrt((len(values) - 1) * np.mean((values - values.mean()) ** 2)))


def _pool_sparse_cells(reference: Floats, current: Floats) -> tuple[Floats, Floats]:
    """Aligned counts with the sparse cells put together into one.

    Where that is still so sparse that a single row in it would look like a shift, it is added to
    the smallest of the others.
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
