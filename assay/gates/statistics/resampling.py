"""Permutation tests and the bootstrap. All functions take a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from assay.gates.report import Interval
from assay.gates.statistics.intervals import Floats, make_interval


@dataclass(frozen=True, slots=True)
class PermutationTest:
    """The p-value of a permutation test, and the number of draws."""

    p: float
    draws: int
    exceedances: int


def permutation_test(
    draw: Callable[[np.random.Generator], float],
    observed: float,
    *,
    draws: int = 999,
    stop_after: int = 20,
    seed: int = 0,
) -> PermutationTest:
    """How often chance alone does as well as `observed`; larger values are more extreme.

    `draw` yields the statistic of one permutation. The test stops at the `stop_after`-th exceedance
    with p = exceedances / draws; otherwise p = (1 + exceedances) / (1 + draws). Both are valid
    p-values (Besag & Clifford, Biometrika 78, 1991), and hopeless cases end early.
    """
    rng = np.random.default_rng(seed)
    exceedances = 0
    for done in range(1, draws + 1):
        # Sums in a different order differ in the last bits; a tie must count as a tie.
        exceedances += draw(rng) >= observed - 1e-12
        if exceedances == stop_after:
            return PermutationTest(exceedances / done, done, exceedances)
    return PermutationTest((1 + exceedances) / (1 + draws), draws, exceedances)


def multinomial_draws(weights: ArrayLike, *, draws: int = 1000, seed: int = 0) -> Floats:
    """Bootstrap weights of cells, (draws, cells), for rows counted in `weights`.

    Drawing counts of cells is the bootstrap of the rows themselves, at a cost that does not
    depend on the number of rows (Efron & Tibshirani 1993, chapter 6).
    """
    w = np.asarray(weights, dtype=float)
    total = round(float(w.sum()))
    rng = np.random.default_rng(seed)
    return rng.multinomial(total, w / w.sum(), size=draws).astype(float)


def percentile_interval(draws: ArrayLike, level: float = 0.95) -> Interval:
    """Bootstrap percentile interval; draws with an undefined statistic are left out."""
    values = np.asarray(draws, dtype=float)
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return make_interval(np.nan, np.nan, level)
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return make_interval(low, high, level)
