from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.learning.units import canonical, units


@pytest.mark.parametrize(
    ("texts", "one"),
    [
        (["5", "5.0", "+5", "05", " 5 ", "5e0", "50e-1"], "5"),
        (["1.5", "1.50", "15e-1", "+1.5"], "1.5"),
        (["0", "-0", "-0.0", "0.00"], "0"),
        (["9007199254740993"], "9007199254740993"),
        (["true", "True", "TRUE"], "true"),
        (["2020-01-02", "2020-01-02 00:00:00", "2020-01-02T01:00+01:00"], "2020-01-02"),
        (["2020-01-02T03:04:05", "2020-01-02 03:04:05.000000"], "2020-01-02T03:04:05"),
    ],
)
def test_texts_of_one_value_are_one(texts, one):
    assert {canonical(text) for text in texts} == {one}


@pytest.mark.parametrize(
    "text", ["", " a ", "A", "nan", "inf", "1e999", "1_0", "0x1", "2020-13-01", "٣"]
)
def test_other_text_stays_as_it_is(text):
    assert canonical(text) == text


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_a_number_and_its_text_are_one_and_stay_what_they_are(value):
    found = canonical(str(value))
    assert type(value)(found) == value
    assert canonical(found) == found


def test_missing_is_missing_in_every_type(table, use_case):
    case = use_case(data={"sensitive": {}})
    kinds = [[None, 1.0], [None, "1"], [float("nan"), 1]]
    found = [units(table(pd.DataFrame({"person": kind, "income": "x"})), case) for kind in kinds]
    assert all((one == found[0]).all() for one in found)
    assert len(np.unique(found[0])) == 2
