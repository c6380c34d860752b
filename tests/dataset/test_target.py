from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from assay.config.data import Target
from assay.dataset.target import read_labels
from assay.errors import DataError


@pytest.mark.parametrize(
    ("values", "positive"),
    [
        (["no", "yes", "yes"], "yes"),
        ([0, 1, 1], 1),
        ([0.0, 1.0, 1.0], 1),
        ([0, 1, 1], "1"),
        ([False, True, True], True),
        ([False, True, True], "true"),
        (pd.Categorical(["no", "yes", "yes"], ["yes", "no"]), "yes"),
    ],
)
def test_the_positive_value_is_found_whatever_the_column_is(table, values, positive):
    found = read_labels(table(pd.DataFrame({"y": values})), Target(column="y", positive=positive))
    assert found.tolist() == [False, True, True]


def test_false_may_be_the_positive_value(table):
    found = read_labels(
        table(pd.DataFrame({"y": [True, False]})), Target(column="y", positive=False)
    )
    assert found.tolist() == [False, True]


@pytest.mark.parametrize(
    ("values", "positive", "said", "remedy"),
    [
        ([">50k", "<=50k"], ">50K", "no row has", ">50k"),
        (["a", "b"], "zzz", "no row has", "It holds: a, b."),
        (["a", "a"], "a", "every row has", "another outcome"),
        (["a", None], "a", "1 of 2 rows have no 'y'", "leave them out"),
        ([True, False], "maybe", "no row has", "It holds"),
    ],
)
def test_a_target_that_tells_nothing_apart_is_refused(table, values, positive, said, remedy):
    with pytest.raises(DataError, match=said) as raised:
        read_labels(table(pd.DataFrame({"y": values})), Target(column="y", positive=positive))
    assert remedy in raised.value.remedy


def test_a_value_that_means_neither_is_refused_where_the_use_case_says_which_mean_no(table):
    rows = table(pd.DataFrame({"y": ["yes", "no", "never", "NaN"]}))
    asked = Target(column="y", positive="yes", negative=("no", "never"))
    with pytest.raises(DataError, match="'NaN', which the use case calls neither"):
        read_labels(rows, asked)
    named = Target(column="y", positive="yes", negative=("no", "never", "NaN"))
    assert read_labels(rows, named).tolist() == [True, False, False, False]


@pytest.mark.parametrize("values", [[1, 0, 2], [1.0, 0.0, 2.0]])
def test_numbers_mean_no_by_their_value(table, values):
    rows = table(pd.DataFrame({"y": values}))
    found = read_labels(rows, Target(column="y", positive=1, negative=(0, 2)))
    assert found.tolist() == [True, False, False]


def test_a_value_is_not_both():
    with pytest.raises(ValueError, match="cannot be both"):
        Target(column="y", positive="yes", negative=("yes",))


def test_a_table_without_rows_is_refused(table):
    empty = pd.DataFrame({"y": np.array([], dtype=int)})
    with pytest.raises(DataError, match="no rows"):
        read_labels(table(empty), Target(column="y", positive=1))


@pytest.mark.parametrize(
    ("values", "above", "expected"),
    [
        ([29, 30, 31], 30, [False, False, True]),
        ([29.9, 30.0, 30.1], 30, [False, False, True]),
        ([-2, -1, 0], -1.5, [False, True, True]),
        ([Decimal("0.10"), Decimal("0.30")], 0.2, [False, True]),
    ],
)
def test_a_number_above_the_limit_means_yes(table, values, above, expected):
    found = read_labels(table(pd.DataFrame({"y": values})), Target(column="y", above=above))
    assert found.tolist() == expected


@pytest.mark.parametrize(
    ("values", "said", "remedy"),
    [
        ([1, 2, 3], "no row has y > 30", "The largest is 3: set data.target.above below it."),
        ([31, 40], "every row has y > 30", "Add rows with another outcome."),
        (["29", "31"], "'y' holds .*string values, and `above: 30` asks for numbers", "data.types"),
        ([True, False], "'y' holds bool values", "`positive`"),
        ([1.0, None], "1 of 2 rows have no 'y'", "leave them out"),
    ],
)
def test_a_limit_that_tells_nothing_apart_is_refused(table, values, said, remedy):
    with pytest.raises(DataError, match=said) as raised:
        read_labels(table(pd.DataFrame({"y": values})), Target(column="y", above=30))
    assert remedy in raised.value.remedy


@pytest.mark.parametrize(
    "settings", [{}, {"positive": 1, "above": 0.5}, {"above": 1, "negative": ("no",)}]
)
def test_a_target_says_either_which_value_or_which_limit_means_yes(settings):
    with pytest.raises(ValueError, match=r"`positive`"):
        Target(column="y", **settings)


@pytest.mark.parametrize("above", [float("nan"), float("inf"), "thirty"])
def test_a_limit_is_a_finite_number(above):
    with pytest.raises(ValueError, match="above"):
        Target(column="y", above=above)


def test_the_outcome_is_named_as_it_is_written():
    assert Target(column="income", positive=">50K").outcome_text == "income = '>50K'"
    assert Target(column="earnings", above=30).outcome_text == "earnings > 30"
