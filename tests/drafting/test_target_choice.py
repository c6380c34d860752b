"""The type of question that a column of outcomes asks."""

import pandas as pd
import pytest

from assay.drafting.target_choice import choose_target
from assay.errors import ConfigError


def choose(*values, times=40, **more):
    return choose_target("y", pd.Series([value for value in values for _ in range(times)]), **more)


def test_of_two_values_the_rarer_means_yes():
    found = choose("good", "good", "good", "bad")
    assert (found.problem_type, found.target.positive) == ("binary", "bad")
    assert "25.0%" in found.reason


@pytest.mark.parametrize(
    ("values", "yes"),
    [
        ((0, 1, 1, 1), 1),
        ((0.0, 1.0), 1),
        (("no", "Yes", "Yes"), "Yes"),
        ((True, True, False), True),
    ],
)
def test_of_a_yes_and_a_no_it_is_yes(values, yes):
    assert choose(*values).target.positive == yes


def test_a_rare_yes_asks_for_costs():
    assert choose(*[0] * 99, 1).rare_share == pytest.approx(0.01)
    assert choose(0, 1).rare_share is None


def test_words_are_classes_and_rare_ones_are_left_out():
    few = pd.Series(["a"] * 50 + ["b"] * 60 + ["c"] * 70 + ["d"] * 3)
    found = choose_target("y", few)
    assert found.target.classes == ("a", "b", "c")
    assert found.target.unlabelled == "leave_out"
    assert "fewer than 30 rows: d" in found.reason
    assert found.others[0][0] == '{column: "y", positive: a}'


def test_grades_are_ordered_classes_and_could_be_an_amount():
    found = choose(3, 1, 2, 4)
    assert (found.target.classes, found.target.ordered) == ((1, 2, 3, 4), True)
    assert any("unit:" in line for line, _ in found.others)


@pytest.mark.parametrize("values", [(0, 1, 2, 7, 12), tuple(range(40)), (0.5, 1.5, 2.5)])
def test_other_numbers_are_amounts(values):
    found = choose(*values)
    assert found.problem_type == "regression"
    assert "above:" in found.others[0][0]


def test_rows_without_an_outcome_are_left_out():
    assert choose(0, 1, unlabelled=3).target.unlabelled == "leave_out"


def test_yes_can_be_named_and_must_be_there():
    assert choose("a", "b", "c", positive="c").target.positive == "c"
    assert choose(1, 2, 3, positive="2").target.positive == 2
    with pytest.raises(ConfigError, match="no row has the outcome 'd'"):
        choose("a", "b", positive="d")


@pytest.mark.parametrize("values", [("a",), (1,), ("a|b", "c", "d"), tuple("abcdefghijklmnop")])
def test_what_asks_no_question_is_refused(values):
    with pytest.raises(ConfigError) as refused:
        choose(*values)
    assert refused.value.remedy
    assert "np." not in str(refused.value)
