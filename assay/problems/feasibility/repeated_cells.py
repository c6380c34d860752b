"""What no model can explain, by rows that have every feature in common: pure error.

Rows of one cell get one answer from any model, so what differs among them is noise to it. A row
whose features are its own counts as without noise: a bound from few repeats is loose, never wrong.
Draper & Smith, Applied Regression Analysis (1998), section 2.1, for the pure error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assay.gates.statistics.intervals import Estimate, Floats
from assay.gates.statistics.resampling import percentile_interval

DRAWS = 200
MIN_CELLS = 30  # cells with several rows, below which nothing is bounded
MIN_REPEATED_SHARE = 0.5  # of the rows, below which a bound is too loose to be of use


@dataclass(frozen=True, slots=True)
class RepeatedCells:
    """Which cell each row is in (codes), how many rows each has, and how many repeat another."""

    codes: np.ndarray
    sizes: np.ndarray

    @classmethod
    def from_hashes(cls, hashes: np.ndarray) -> RepeatedCells:
        codes = np.unique(hashes, return_inverse=True)[1]
        return cls(codes, np.bincount(codes))

    @property
    def count(self) -> int:
        return len(self.sizes)

    @property
    def repeated_share(self) -> float:
        """Share of the rows that have their features in common with another."""
        return float(self.sizes[self.sizes > 1].sum() / self.sizes.sum())

    @property
    def bounds_anything(self) -> bool:
        repeated = int((self.sizes > 1).sum())
        return repeated >= MIN_CELLS and self.repeated_share >= MIN_REPEATED_SHARE

    def sums(self, values: Floats) -> Floats:
        """Sum of `values` (rows,) in each cell."""
        return np.asarray(np.bincount(self.codes, values, minlength=self.count))

    def noise(self, targets: Floats) -> Floats:
        """Unbiased squared noise of each cell (cells,), summed over its rows and over the targets
        (rows, k); 0 for a cell of one row."""
        of_cell = np.zeros(self.count)
        for column in (targets - targets.mean(axis=0)).T:
            within = self.sums(column**2) - self.sums(column) ** 2 / self.sizes
            of_cell += np.maximum(within, 0.0)
        return np.where(self.sizes > 1, of_cell * self.sizes / np.maximum(self.sizes - 1, 1), 0.0)

    def estimate(
        self, parts: tuple[Floats, ...], ratio: Callable[..., float], seed: int
    ) -> Estimate:
        """`ratio` of the sums of each of `parts` (cells,), with a bootstrap of cells."""
        rng = np.random.default_rng(seed)
        stacked = np.stack(parts)
        drawn = [
            ratio(*stacked[:, rng.integers(self.count, size=self.count)].sum(axis=1))
            for _ in range(DRAWS)
        ]
        return Estimate(float(ratio(*stacked.sum(axis=1))), percentile_interval(drawn))
