from __future__ import annotations

import numpy as np
import pytest

from assay.config.gates import Abstain
from assay.errors import DataError
from assay.problems.binary.plausible_answers import learn_rule


def make_rows(source, rows):
    truth = source.random(rows) < 0.3
    score = source.normal(truth * 0.7, 1.0)
    return 1 / (1 + np.exp(-2 * score)), truth  # much too sure of itself


def test_the_ends_are_the_ranks_of_split_conformal_prediction():
    probability = np.arange(1, 40) / 100
    truth = np.arange(39) >= 20  # 20 of no, 19 of yes
    rule = learn_rule(probability, truth, Abstain(coverage=0.9))
    assert rule.no_to == probability[18]  # ceil(.9 * 21) = the 19th of 20
    assert rule.yes_from == probability[21]  # ceil(.9 * 20) = the 18th of 19, from above


def test_the_machine_alone_gets_no_more_of_an_outcome_wrong_than_promised():
    source, wrong, rows = np.random.default_rng(3), np.zeros(2), np.zeros(2)
    for _ in range(80):
        probability, truth = make_rows(source, 300)
        rule = learn_rule(probability, truth, Abstain(coverage=0.8))
        probability, truth = make_rows(source, 200)
        middle = (rule.yes_from + rule.no_to) / 2
        answer = rule.answer(probability, probability >= middle)["answer"]
        for code, other in ((0, "yes"), (1, "no")):
            own = truth == bool(code)
            wrong[code] += (answer[own] == other).sum()
            rows[code] += own.sum()
    assert (wrong / rows < 0.2 + 3 * np.sqrt(0.16 / rows)).all()
    assert (wrong / rows > 0.17).all()  # and sends no more to people than it must


def test_repeated_rows_and_rows_with_weights_give_the_same_rule():
    probability, truth = make_rows(np.random.default_rng(5), 400)
    weights = np.random.default_rng(6).integers(1, 4, 400)
    asked = Abstain(coverage=0.9)
    heavy = learn_rule(probability, truth, asked, weights.astype(float))
    equal = learn_rule(probability, truth, asked, np.full(400, 2.5))
    again = learn_rule(np.repeat(probability, weights), np.repeat(truth, weights), asked)
    assert equal == learn_rule(probability, truth, asked)
    assert (heavy.yes_from, heavy.no_to) == pytest.approx((again.yes_from, again.no_to), abs=0.03)


def test_a_monotone_change_of_the_probabilities_sends_the_same_rows_to_a_person():
    probability, truth = make_rows(np.random.default_rng(8), 500)
    asked, decision = Abstain(coverage=0.9), probability >= 0.5
    plain = learn_rule(probability, truth, asked).answer(probability, decision)
    cubed = learn_rule(probability**3, truth, asked).answer(probability**3, decision)
    assert (plain["answer"] == cubed["answer"]).all()


def test_three_rows_of_an_outcome_are_refused_with_what_they_bear():
    probability, truth = np.linspace(0, 1, 60), np.arange(60) >= 57
    with pytest.raises(DataError) as refused:
        learn_rule(probability, truth, Abstain(coverage=0.9), locate=".".join)
    assert "needs 9 training rows" in str(refused.value)
    assert "there are 3" in str(refused.value)
    assert "performance.abstain.coverage" in str(refused.value)
    assert "`coverage: 0.75`" in str(refused.value)
    learn_rule(probability, truth, Abstain(coverage=0.75))
    learn_rule(np.linspace(0, 1, 18), np.arange(18) >= 9, Abstain(coverage=0.9))


def test_a_band_that_people_set_is_taken_as_it_is():
    rule = learn_rule(np.zeros(0), np.zeros(0, bool), Abstain(no_below=0.2, yes_above=0.7))
    found = rule.answer(np.array([0.1, 0.2, 0.5, 0.7, 0.8]), np.array([0, 0, 0, 1, 1], bool))
    assert found["answer"].tolist() == ["no", "person", "person", "person", "yes"]
    assert rule.coverage is None
