"""The noise of amounts among rows with equal features: a ceiling of R2, a floor of RMSE."""

from __future__ import annotations

import numpy as np

from assay.config.gates import PerformanceMetric
from assay.gates.report import Interval
from assay.gates.statistics.intervals import Estimate, Floats
from assay.problems.feasibility.repeated_cells import RepeatedCells


def noise_bounds(
    cells: RepeatedCells, amounts: Floats, seed: int
) -> dict[PerformanceMetric, Estimate]:
    """The best R2 and RMSE that any model of these features could have, with 95 % intervals.

    `amounts` are those of all rows. Empty where too few rows repeat others.
    """
    if not cells.bounds_anything:
        return {}
    noise = cells.noise(amounts[:, None])
    total = cells.sums((amounts - amounts.mean()) ** 2)

    def ceiling(unexplained: float, all_of_it: float) -> float:
        return 1 - unexplained / all_of_it if all_of_it > 0 else float("nan")

    def floor(unexplained: float, rows: float) -> float:
        return float(np.sqrt(unexplained / rows))

    sizes = cells.sizes.astype(float)
    found = cells.estimate((noise, total), ceiling, seed)
    return {"r2": _at_most_one(found), "rmse": cells.estimate((noise, sizes), floor, seed)}


def _at_most_one(found: Estimate) -> Estimate:
    low, high = found.interval.low, found.interval.high
    return Estimate(found.value, Interval(low=low, high=None if high is None else min(high, 1.0)))
