"""Drafted rules hold on the data that they were drafted from, with room for later data."""

import pandas as pd
import pytest

from assay.config.data import Target
from assay.drafting.expectations_draft import MOST_RULES, draft_rules, range_with_slack


@pytest.mark.parametrize(
    ("seen", "low", "high"),
    [
        ((0.1, 0.9), 0, 1),
        ((17, 90), 9, 98),
        ((0, 3900), 0, 4300),
        ((-5, 5), -6, 6),
        ((7, 7), 0, 14),
    ],
)
def test_bounds_are_round_and_beyond_what_was_seen(seen, low, high):
    assert range_with_slack(*seen) == (low, high)


@pytest.mark.parametrize("seen", [(0, 1e12), (1e-9, 2e-9), (-1e6, -9e5), (1900, 2026)])
def test_what_was_seen_lies_within(seen):
    low, high = range_with_slack(*seen)
    assert low <= seen[0] < seen[1] <= high
    assert low >= 0 or seen[0] < 0


def test_each_kind_of_column_has_its_rule():
    frame = pd.DataFrame(
        {"y": [0, 1] * 50, "n": range(100), "c": ["a", "b"] * 50, "gap": [None, 1.0] * 50}
    )
    rules = draft_rules(
        frame, {"n": (0, 99), "gap": (1, 1)}, ["n", "c", "gap"], Target(column="y", positive=1)
    )
    found = {
        (rule.type.removeprefix("expect_column_values_to_"), rule.kwargs["column"])
        for rule in rules
    }
    assert found == {
        ("be_in_set", "y"),
        ("be_between", "n"),
        ("be_in_set", "c"),
        ("be_between", "gap"),
    }  # half of `gap` is missing: no share to insist on


def test_wide_data_have_a_bounded_number_of_rules():
    frame = pd.DataFrame({f"c{i}": [0.0, 2.0] for i in range(200)} | {"y": [0, 1]})
    ranges = {f"c{i}": (0.0, 2.0) for i in range(200)}
    rules = draft_rules(frame, ranges, list(ranges), Target(column="y", positive=1))
    assert len(rules) == MOST_RULES
