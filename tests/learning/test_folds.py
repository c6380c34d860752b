from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.errors import DataError
from assay.learning.folds import fold_of_row, make_folds

TRUTH = np.arange(90) % 3 == 0


def test_every_row_is_held_out_once_in_equal_shares_of_the_classes(use_case):
    made = make_folds(TRUTH, pd.Series(range(90)), use_case())
    assert sorted(np.concatenate([held for _, held in made])) == list(range(90))
    assert [TRUTH[held].mean() for _, held in made] == pytest.approx([1 / 3] * 3)
    assert (fold_of_row(made, 90) >= 0).all()


def test_rows_of_one_person_stay_on_one_side_and_the_classes_stay_even(use_case):
    person = pd.Series(np.random.default_rng(0).permutation(90) // 3)
    made = make_folds(TRUTH, person, use_case())
    for fit, held in made:
        assert not set(person[fit]) & set(person[held])
        assert TRUTH[held].mean() == pytest.approx(1 / 3, abs=0.1)
    assert sorted(np.concatenate([held for _, held in made])) == list(range(90))


def test_a_group_never_stands_on_both_sides(use_case):
    houses = pd.Series([None, *np.arange(89) // 5])
    case = use_case(split={"by": "group", "column": "house"})
    for fit, held in make_folds(TRUTH, houses, case):
        assert not set(houses[fit].dropna()) & set(houses[held].dropna())


def test_by_time_the_past_teaches_and_the_future_tests_and_no_time_is_the_past(use_case):
    year = pd.Series(np.random.default_rng(0).permutation(90).astype(float))
    year[3] = np.nan
    case = use_case(split={"by": "time", "column": "year"})
    made = make_folds(TRUTH, year, case)
    for fit, held in made:
        assert year[fit].max() < year[held].min()
        assert 3 in fit
    assert (fold_of_row(made, 90) == -1).sum() > 0


def test_by_time_equal_times_stay_together(use_case):
    year = pd.Series(np.random.default_rng(0).choice([*range(5), np.nan], 90))
    made = make_folds(TRUTH, year, use_case(split={"by": "time", "column": "year"}))
    for fit, held in made:
        assert year[fit].max() < year[held].min()
    assert len(made) == 3


@pytest.mark.parametrize(
    ("truth", "order", "split", "said"),
    [
        (np.arange(90) < 2, range(90), {}, "one class has 2"),
        (TRUTH, [0] * 45 + [1] * 45, {}, "'person' has 2"),
        (TRUTH, [1, 2, 3] * 30, {"by": "time", "column": "x"}, "4 distinct times"),
        (TRUTH, [0] * 45 + [1] * 45, {"by": "group", "column": "x"}, "'x' has 2"),
        (np.arange(90) < 30, range(90), {"by": "time", "column": "x"}, "lack one of the two"),
        (
            np.arange(90) < 6,
            [0] * 6 + list(range(84)),
            {"by": "group", "column": "house"},
            "3 groups of 'house', but the 6 training rows with income = '>50K' come from 1",
        ),
        (
            np.arange(90) >= 6,
            [0] * 6 + list(range(84)),
            {},
            "6 .* without income = '>50K' come from 1",
        ),
    ],
)
def test_folds_that_cannot_be_made_say_why(use_case, truth, order, split, said):
    with pytest.raises(DataError, match=said) as raised:
        make_folds(truth, pd.Series(list(order)), use_case(split=split))
    assert "search.folds lower" in raised.value.remedy


def test_of_very_many_units_none_is_torn_apart_either(use_case):
    rng = np.random.default_rng(0)
    unit = pd.Series(rng.integers(0, 4000, 9000))
    truth = rng.random(9000) < 0.3
    made = make_folds(truth, unit, use_case())
    held = np.concatenate([held for _, held in made])
    assert sorted(held) == list(range(9000))
    for fit, out in made:
        assert not set(unit[fit]) & set(unit[out])
        assert abs(truth[out].mean() - 0.3) < 0.05


@pytest.mark.parametrize("positives", [3, 8, 16])
@pytest.mark.parametrize("rare", [True, False])
def test_of_a_rare_class_each_fold_of_very_many_units_gets_its_share(use_case, positives, rare):
    for seed in range(10):
        rng = np.random.default_rng(seed)
        unit = pd.Series(rng.integers(0, 2500, 9000))
        truth = np.zeros(9000, dtype=bool)
        # Each in another unit: else there may be too few of them.
        chosen = rng.permutation(unit.drop_duplicates().index)[:positives]
        truth[chosen] = True
        made = make_folds(truth if rare else ~truth, unit, use_case())
        assert 2 * len(made) * min(truth[held].sum() for _, held in made) >= positives
        for fit, held in made:
            assert not set(unit[fit]) & set(unit[held])
