"""Scores of amounts against scikit-learn, and their errors against repetition."""

import numpy as np
import pytest
from sklearn import metrics

from assay.config.gates import UnitCost
from assay.problems.regression.quick_scores import constant_score, estimate_amount_scores

COST = UnitCost(too_low=3, too_high=1)
NAMES = ("mae", "rmse", "r2", "median_absolute_error", "mean_error", "pinball_loss", "cost")


def made(rows, seed):
    rng = np.random.default_rng(seed)
    truth = rng.gamma(3, size=rows)
    return truth, truth + 0.3 + rng.normal(size=rows)


def score(name, truth, answers, entities=None):
    units = np.arange(len(truth)) if entities is None else entities
    return estimate_amount_scores(name, truth, answers[None, :], COST, units)


def test_values_are_those_of_scikit_learn():
    truth, answers = made(300, 0)
    theirs = {
        "mae": metrics.mean_absolute_error(truth, answers),
        "rmse": metrics.root_mean_squared_error(truth, answers),
        "r2": metrics.r2_score(truth, answers),
        "median_absolute_error": metrics.median_absolute_error(truth, answers),
        "pinball_loss": metrics.mean_pinball_loss(truth, answers, alpha=0.75),
        "mean_error": abs((answers - truth).mean()),
        "cost": 4 * metrics.mean_pinball_loss(truth, answers, alpha=0.75),
    }
    for name, value in theirs.items():
        assert score(name, truth, answers).last == pytest.approx(value), name


@pytest.mark.parametrize("name", NAMES)
def test_the_standard_error_is_the_spread_of_repetitions(name):
    found = [score(name, *made(400, seed)) for seed in range(200)]
    spread = np.std([one.last for one in found])
    stated = np.sqrt(np.mean([one.covariance[0, 0] for one in found]))
    assert stated == pytest.approx(spread, rel=0.2)


def test_rows_of_one_entity_count_as_one():
    truth, answers = made(200, 1)
    once = score("mae", truth, answers)
    copied = score("mae", np.tile(truth, 4), np.tile(answers, 4), np.tile(np.arange(200), 4))
    assert copied.covariance == pytest.approx(once.covariance)


def test_one_answer_for_all_explains_nothing_and_costs_least_at_its_quantile():
    truth, _ = made(500, 2)
    assert constant_score("r2", truth, COST) == pytest.approx(0)
    assert constant_score("rmse", truth, COST) == pytest.approx(truth.std())
    least = constant_score("cost", truth, COST)
    for other in np.linspace(truth.min(), truth.max(), 30):
        assert least <= score("cost", truth, np.full(500, other)).last + 1e-9


def test_scores_of_other_questions_are_refused():
    truth, answers = made(20, 3)
    with pytest.raises(ValueError, match="roc_auc"):
        score("roc_auc", truth, answers)
