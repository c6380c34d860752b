from __future__ import annotations

import numpy as np

from assay.learning.abstention import AGAINST, BOTH, NEITHER, AbstainRule


def test_the_machine_decides_where_its_decision_is_the_one_plausible_answer():
    rule = AbstainRule(yes_from=0.3, no_to=0.6)
    found = rule.answer(np.array([0.1, 0.3, 0.6, 0.9]), np.array([False, False, True, True]))
    assert found["answer"].tolist() == ["no", "person", "person", "yes"]
    assert found["why"].tolist() == ["", BOTH, BOTH, ""]


def test_where_neither_answer_is_plausible_a_person_decides():
    found = AbstainRule(yes_from=0.6, no_to=0.3).answer(np.array([0.45]), np.array([False]))
    assert (found["answer"].tolist(), found["why"].tolist()) == (["person"], [NEITHER])


def test_a_decision_against_the_plausible_answer_goes_to_a_person():
    rule = AbstainRule(yes_from=0.3, no_to=0.6)
    found = rule.answer(np.array([0.1, 0.7]), np.array([True, False]))
    assert found["answer"].tolist() == ["person", "person"]
    assert found["why"].tolist() == [AGAINST, AGAINST]


def test_a_row_without_a_probability_goes_to_a_person():
    found = AbstainRule(yes_from=0.3, no_to=0.6).answer(np.array([np.nan]), np.array([True]))
    assert found["answer"].tolist() == ["person"]


def test_a_rule_is_read_as_it_was_written():
    rule = AbstainRule(yes_from=0.1, no_to=0.7, coverage=0.9)
    assert AbstainRule.from_json(rule.as_json()) == rule
