from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.errors import DataError
from assay.problems.multiclass import folds
from assay.problems.multiclass.folds import make_class_folds
from tests.problems.learning_examples import harm_case

CODES = np.repeat([0, 1, 2], [120, 45, 15])[np.random.default_rng(0).permutation(180)]


def test_every_row_is_held_out_once_in_equal_shares_of_the_classes():
    made = make_class_folds(CODES, pd.Series(range(180)), harm_case())
    assert sorted(np.concatenate([held for _, held in made])) == list(range(180))
    for _, held in made:
        assert np.bincount(CODES[held]).tolist() == [40, 15, 5]


@pytest.mark.parametrize("most", [0, 2_000])
def test_groups_stay_together_and_every_fold_has_every_class(monkeypatch, most):
    monkeypatch.setattr(folds, "MAX_STRATIFIED_GROUPS", most)
    house = pd.Series(np.arange(180) // 3)
    made = make_class_folds(CODES, house, harm_case(split={"by": "group", "column": "house"}))
    for fit, held in made:
        assert not set(house[fit]) & set(house[held])
        assert np.bincount(CODES[held], minlength=3).min() >= 3
    assert sorted(np.concatenate([held for _, held in made])) == list(range(180))


def test_a_fold_over_time_without_a_class_is_refused():
    codes = np.sort(CODES)
    case = harm_case(split={"by": "time", "column": "year"})
    with pytest.raises(DataError, match="fold 1 of 3 would lack the class 'minor'"):
        make_class_folds(codes, pd.Series(np.arange(180.0)), case)


def test_a_class_from_too_few_groups_is_refused():
    house = pd.Series(np.arange(180))
    house[CODES == 2] = 0
    case = harm_case(split={"by": "group", "column": "house"})
    with pytest.raises(DataError, match="training rows of 'killed' come from 1"):
        make_class_folds(CODES, house, case)
