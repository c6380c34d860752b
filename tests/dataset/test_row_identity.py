from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.dataset.row_identity import canonical_text, entity_hashes, unit_hashes


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
    assert {canonical_text(text) for text in texts} == {one}


@pytest.mark.parametrize(
    "text", ["", " a ", "A", "nan", "inf", "1e999", "1_0", "0x1", "2020-13-01", "٣"]
)
def test_other_text_stays_as_it_is(text):
    assert canonical_text(text) == text


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_a_number_and_its_text_are_one_and_stay_what_they_are(value):
    found = canonical_text(str(value))
    assert type(value)(found) == value
    assert canonical_text(found) == found


def test_missing_is_missing_in_every_type(table, use_case):
    case = use_case(data={"sensitive": {}})
    kinds = [[None, 1.0], [None, "1"], [float("nan"), 1]]
    found = [
        unit_hashes(table(pd.DataFrame({"person": kind, "income": "x"})), case) for kind in kinds
    ]
    assert all((one == found[0]).all() for one in found)
    assert len(np.unique(found[0])) == 2


def test_entities_are_of_the_group_else_the_identity_else_nobody_knows(table, use_case):
    rows = table(pd.DataFrame({"person": [1, 2, 2, 3], "job": ["a", "a", "b", "b"], "income": "x"}))
    plain = use_case(data={"sensitive": {}})
    grouped = use_case(data={"sensitive": {}}, split={"by": "group", "column": "job"})
    by_time = use_case(data={"sensitive": {}}, split={"by": "time", "column": "job"})
    for case, name, codes in (
        (plain, "person", [0, 1, 1, 2]),
        (grouped, "job", [0, 0, 1, 1]),
        (by_time, "person", [0, 1, 1, 2]),
    ):
        found = entity_hashes(rows, case)
        assert found.name == name
        assert pd.factorize(found)[0].tolist() == codes
    assert entity_hashes(rows, use_case(data={"sensitive": {}, "identity": []})) is None
