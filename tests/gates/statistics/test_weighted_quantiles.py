"""Quantiles of weighted rows are those of the rows repeated."""

from __future__ import annotations

import numpy as np
import pytest

from assay.gates.statistics.weighted_quantiles import weighted_order_statistic, weighted_quantile


@pytest.mark.parametrize("share", [0.0, 0.1, 0.37, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_a_weighted_quantile_is_that_of_repeated_rows(share, seed):
    rng = np.random.default_rng(seed)
    values, times = rng.normal(size=17), rng.integers(0, 4, 17)
    assert weighted_quantile(values, share, times) == pytest.approx(
        np.quantile(np.repeat(values, times), share)
    )
    assert weighted_quantile(values, share) == np.quantile(values, share)


@pytest.mark.parametrize("reached", [1, 5.2, 20, 31])
def test_an_order_statistic_is_that_of_repeated_rows(reached):
    rng = np.random.default_rng(0)
    values, times = rng.normal(size=20), rng.integers(1, 4, 20)
    ordered = np.sort(np.repeat(values, times))
    found = weighted_order_statistic(values, times, reached)
    assert found == ordered[int(np.ceil(reached)) - 1]
    assert weighted_order_statistic(values, times, times.sum() + 1) is None
