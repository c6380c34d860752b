from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.errors import DataError
from assay.learning.folds import fold_of_row, folds

TRUTH = np.arange(90) % 3 == 0


def test_every_row_is_held_out_once_in_equal_shares_of_the_classes(use_case):
    made = folds(TRUTH, None, use_case())
    assert sorted(np.concatenate([held for _, held in made])) == list(range(90))
    assert [TRUTH[held].mean() for _, held in made] == pytest.approx([1 / 3] * 3)
    assert (fold_of_row(made, 90) >= 0).all()


def test_a_group_never_stands_on_both_sides(use_case):
    houses = pd.Series([None, *np.arange(89) // 5])
    case = use_case(split={"by": "group", "column": "house"})
    for fit, held in folds(TRUTH, houses, case):
        assert not set(houses[fit].dropna()) & set(houses[held].dropna())


def test_by_time_the_past_teaches_and_the_future_tests_and_no_time_is_the_past(use_case):
    year = pd.Series(np.random.default_rng(0).permutation(90).astype(float))
    year[3] = np.nan
    case = use_case(split={"by": "time", "column": "year"})
    made = folds(TRUTH, year, case)
    for fit, held in made:
        assert year[fit].max() < year[held].min()
        assert 3 in fit
    assert (fold_of_row(made, 90) == -1).sum() > 0


@pytest.mark.parametrize(
    ("truth", "order", "split", "said"),
    [
        (np.arange(90) < 2, None, {}, "one class has 2"),
        (TRUTH, [0] * 45 + [1] * 45, {"by": "group", "column": "x"}, "'x' has 2"),
        (np.arange(90) < 30, range(90), {"by": "time", "column": "x"}, "lack one of the two"),
    ],
)
def test_folds_that_cannot_be_made_say_why(use_case, truth, order, split, said):
    order = None if order is None else pd.Series(list(order))
    with pytest.raises(DataError, match=said) as raised:
        folds(truth, order, use_case(split=split))
    assert "search.folds lower" in raised.value.remedy
