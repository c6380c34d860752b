from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from assay.config.gates import RegressionMetric, UnitCost
from assay.problems.regression.metrics import compute_metric, is_better

TRUTH = np.array([1.0, 2.0, 4.0, 9.0])
PREDICTION = np.array([2.0, 2.0, 2.0, 5.0])  # errors +1, 0, -2, -4


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mae", 7 / 4),
        ("rmse", (21 / 4) ** 0.5),
        ("median_absolute_error", 1.5),
        ("mean_error", -5 / 4),
        ("r2", 1 - 21 / 38),
        ("pinball_loss", (0.75 * 6 + 0.25 * 1) / 4),
        ("cost", (3 * 6 + 1) / 4),
    ],
)
def test_each_metric_is_what_its_name_says(name, value):
    cost = UnitCost(too_low=3.0)
    assert compute_metric(name, TRUTH, PREDICTION, unit_cost=cost) == pytest.approx(value)


@pytest.mark.parametrize("name", get_args(RegressionMetric))
def test_a_row_that_counts_twice_is_that_row_twice(name):
    weights = np.array([1.0, 2.0, 1.0, 3.0])
    times = weights.astype(int)
    twice = compute_metric(name, np.repeat(TRUTH, times), np.repeat(PREDICTION, times))
    assert compute_metric(name, TRUTH, PREDICTION, weights=weights) == pytest.approx(twice)


def test_costs_are_least_at_the_quantile_that_they_ask_for():
    amounts = np.random.default_rng(7).gamma(2.0, size=4_000)
    cost = UnitCost(too_low=4.0, too_high=1.0)
    tried = np.quantile(amounts, np.linspace(0.05, 0.95, 19))
    paid = [compute_metric("cost", amounts, np.full(4_000, one), unit_cost=cost) for one in tried]
    assert tried[int(np.argmin(paid))] == pytest.approx(np.quantile(amounts, cost.quantile))


def test_the_mean_error_nearer_to_nothing_is_the_better_one():
    assert is_better("mean_error", 0.1, -2.0)
    assert not is_better("mean_error", -2.0, 0.1)
    assert is_better("r2", 0.3, 0.2)
    assert is_better("mae", 1.0, 2.0)
