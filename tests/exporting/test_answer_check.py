"""Every answer of every test row counts, and a column that is gone is a difference."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.errors import Ineligible
from assay.exporting.answer_check import check_answers

EXPECTED = pd.DataFrame(
    {"amount": [1000.0, 0.5, np.nan], "decision": [True, False, True]}, index=[4, 7, 9]
)


def check(**changes):
    return check_answers(EXPECTED, EXPECTED.assign(**changes), 1e-5, "a copy", "write again")


def test_numbers_may_differ_by_a_part_and_missing_ones_match():
    assert check(amount=[1000.005, 0.500004, np.nan]).largest == pytest.approx(5e-6, rel=0.01)


@pytest.mark.parametrize("amount", [[1000.0, 0.6, np.nan], [1000.0, np.nan, np.nan]])
def test_the_row_and_both_values_are_named(amount):
    with pytest.raises(Ineligible, match=r"1 of 3 test rows.*amount of row 7 is .*0\.5 as"):
        check(amount=amount)


def test_one_other_decision_is_enough():
    with pytest.raises(Ineligible, match=r"decision of row 9 is False, and True as registered"):
        check(decision=[True, False, False])


def test_an_answer_that_is_gone_is_refused_unless_it_is_left_out():
    found = EXPECTED[["decision"]]
    with pytest.raises(Ineligible, match="would not answer amount"):
        check_answers(EXPECTED, found, 1e-5, "a copy", "write again")
    check_answers(EXPECTED, found, 1e-5, "a copy", "", left_out=["amount"])
