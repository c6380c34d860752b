"""A rare class sampled more densely than it is: scores are those of all rows."""

import numpy as np
import pytest

from assay.gates.feasibility.ceiling import check_ceiling
from assay.gates.feasibility.data import FeasibilityData
from assay.gates.feasibility.findings import _notes
from assay.gates.feasibility.sample_size import cox_snell_r2
from assay.gates.feasibility.score_estimates import estimate_scores

ROWS, RARE = 30_000, 0.01


@pytest.fixture
def rare(people):
    """One row in a hundred has the outcome."""
    frame = people(ROWS, 1)
    pull = frame["pull"].to_numpy()
    odds = np.exp(1.5 * pull + np.log(RARE) - 1.1)
    yes = np.random.default_rng(1).random(ROWS) < odds / (1 + odds)
    return frame.assign(outcome=np.where(yes, "yes", "no"))


@pytest.fixture
def both(rare, use_case):
    """The sample, of 2,500 rows, and all rows."""
    cases = [use_case(feasibility={"within": within}) for within in (0.2, 1000)]
    return [FeasibilityData.from_rows(rare, case, 0) for case in cases]


def test_the_rare_class_is_denser_and_weighs_as_much_as_it_is(both):
    sample, whole = both
    assert sample.labels.mean() > 3 * whole.labels.mean()
    assert whole.weights is None
    assert np.average(sample.labels, weights=sample.weights) == pytest.approx(whole.labels.mean())
    assert sample.weights.mean() == pytest.approx(1)


@pytest.mark.parametrize("name", ["average_precision", "log_loss", "brier", "accuracy", "roc_auc"])
def test_scores_are_those_of_all_rows(both, name):
    # Of one rule, so that only the rows that judge it differ.
    answers = [
        1 / (1 + np.exp(-(1.5 * m.frame["pull"].to_numpy()[m.sampled_rows] - 5.7)))[None, :]
        for m in both
    ]
    sample, whole = (estimate_scores(m, name, a) for m, a in zip(both, answers, strict=True))
    low, high = sample.limits()
    assert low < whole.values[0] < high


@pytest.mark.slow
def test_the_learner_answers_as_often_yes_as_yes_is(both):
    sample, whole = both
    assert sample.probabilities.mean(where=~sample.labels) == pytest.approx(
        whole.probabilities.mean(where=~whole.labels), abs=0.01
    )
    r2 = cox_snell_r2(sample.labels, sample.probabilities, sample.folds, sample.weights)
    assert 0 < r2 < 1 - np.exp(2 * (RARE * 2 * np.log(RARE * 2)))


def test_no_bound_is_drawn_from_neighbours_that_are_too_dense_and_the_report_says_so(both):
    sample, whole = both
    assert check_ceiling(sample, {"accuracy": 0.9}) == ([], None)
    told = ["sampled than its share" in " ".join(_notes(m)) for m in (sample, whole)]
    assert told == [True, False]
