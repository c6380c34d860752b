from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from assay.config.gates import BinaryMetric, ErrorCosts
from assay.learning.scores import compute_score, cost_threshold, is_better

TRUTH = np.array([True, True, False, False])
PROBABILITY = np.array([0.9, 0.4, 0.6, 0.1])
DECISION = PROBABILITY >= 0.5


@pytest.mark.parametrize(("false_positive", "limit"), [(1, 0.5), (3, 0.75), (1 / 3, 0.25)])
def test_the_threshold_follows_the_costs(false_positive, limit):
    assert cost_threshold(ErrorCosts(false_positive=false_positive)) == pytest.approx(limit)


@pytest.mark.parametrize("limit", np.linspace(0.05, 0.95, 19))
def test_no_other_threshold_is_cheaper_when_probabilities_are_true(limit):
    cost = ErrorCosts(false_positive=3.0, false_negative=1.0)
    p = np.linspace(0, 1, 2001)

    def price(t):
        return np.where(p >= t, (1 - p) * 3.0, p * 1.0).mean()

    assert price(cost_threshold(cost)) <= price(limit)


def test_the_cost_is_the_mean_price_of_a_row():
    cost = ErrorCosts(false_positive=3.0, false_negative=1.0)
    assert (
        compute_score("cost", TRUTH, PROBABILITY, DECISION, cost) == 1.0
    )  # one of each, four rows


@pytest.mark.parametrize("name", get_args(BinaryMetric))
def test_every_score_of_the_use_case_is_known_and_ranks_the_perfect_model_first(name):
    cost = ErrorCosts()
    perfect = compute_score(name, TRUTH, TRUTH.astype(float), TRUTH, cost)
    assert is_better(name, perfect, compute_score(name, TRUTH, PROBABILITY, DECISION, cost))
    assert not is_better(name, perfect, perfect)
