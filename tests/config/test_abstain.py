"""The band of a yes or no that a person decides, as a use case writes it."""

import math

import pytest
from pydantic import ValidationError

from assay.config.gates import Abstain, Performance


@pytest.mark.parametrize("coverage", [0, 1, -0.1, math.nan, math.inf])
def test_a_coverage_that_no_rows_can_hold_is_refused(coverage):
    with pytest.raises(ValidationError):
        Abstain(coverage=coverage)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "set a coverage"),
        ({"no_below": 0.2}, "set a coverage"),
        ({"coverage": 0.9, "no_below": 0.2, "yes_above": 0.8}, "either a coverage"),
        ({"no_below": 0.8, "yes_above": 0.2}, "a no and a yes"),
        ({"no_below": math.nan, "yes_above": 0.2}, "no_below"),
    ],
)
def test_a_rule_that_says_nothing_or_two_things_is_refused(settings, said):
    with pytest.raises(ValidationError, match=said):
        Abstain(**settings)


def test_what_is_judged_later_does_not_train_anew():
    near, far = (Performance(abstain=Abstain(coverage=0.9, gap=gap)) for gap in (0.1, 0.2))
    assert near.decision_settings() == far.decision_settings()
    assert near.abstain_setting() != far.abstain_setting()
