from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.errors import DataError
from assay.problems.regression.folds import make_amount_folds
from tests.problems.learning_examples import pay_case

AMOUNTS = np.random.default_rng(0).normal(size=90)


def test_every_row_is_held_out_once_and_the_seed_deals():
    made = make_amount_folds(AMOUNTS, pd.Series(range(90)), pay_case())
    assert sorted(np.concatenate([held for _, held in made])) == list(range(90))
    assert [len(held) for _, held in made] == [30, 30, 30]
    again = make_amount_folds(AMOUNTS, pd.Series(range(90)), pay_case())
    other = make_amount_folds(AMOUNTS, pd.Series(range(90)), pay_case(seed=8))
    assert (made[0][1] == again[0][1]).all()
    assert (made[0][1] != other[0][1]).any()


def test_rows_of_one_group_stay_on_one_side():
    house = pd.Series(np.arange(90) // 4)
    case = pay_case(split={"by": "group", "column": "house"})
    made = make_amount_folds(AMOUNTS, house, case)
    for fit, held in made:
        assert not set(house[fit]) & set(house[held])
    assert sorted(np.concatenate([held for _, held in made])) == list(range(90))


def test_by_time_the_past_teaches_and_the_future_tests():
    year = pd.Series(np.random.default_rng(1).permutation(90).astype(float))
    case = pay_case(split={"by": "time", "column": "year"})
    made = make_amount_folds(AMOUNTS, year, case)
    assert len(made) == 3
    for fit, held in made:
        assert year[fit].max() < year[held].min()


def test_fewer_groups_than_folds_and_a_single_amount_are_refused():
    case = pay_case(split={"by": "group", "column": "house"})
    with pytest.raises(DataError, match="3 groups in training, but 'house' has 2"):
        make_amount_folds(AMOUNTS, pd.Series(np.arange(90) // 45), case)
    first = np.where(np.arange(90) < 30, 5.0, AMOUNTS)
    by_time = pay_case(split={"by": "time", "column": "year"})
    with pytest.raises(DataError, match="fold 1 of 3 would learn from one amount alone"):
        make_amount_folds(first, pd.Series(np.arange(90.0)), by_time)
