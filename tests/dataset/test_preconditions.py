"""Rows that cannot serve the question are named before anything is trained."""

import numpy as np
import pandas as pd
import pytest

from assay.dataset.preconditions import check_preconditions
from assay.dataset.row_source import FrameRows
from assay.errors import DataError
from tests.production.small import use_case

AGES = np.arange(200) % 60 + 20


def check(sensitive, age=AGES):
    frame = pd.DataFrame(
        {
            "person": range(200),
            "note": "x",
            "sex": ["F", "M"] * 100,
            "age": age,
            "hired": np.arange(200) % 2,
        }
    )
    check_preconditions(FrameRows(frame), use_case(data={"sensitive": sensitive}))


@pytest.mark.parametrize(
    ("sensitive", "said", "remedy"),
    [
        ({"sex": {"reference": "Male"}}, "group 'Male' of 'sex' does not exist", "Groups: F, M."),
        (
            {"age": {"bins": [30, 300], "reference": ">=300"}},
            "group '>=300' of 'age' does not exist",
            "Groups: 30-300, <30.",
        ),
        (
            {"age": {"bins": [300, 500]}},
            "cut points 300, 500 of 'age' put all its values, 20 to 79, into one group, '<300'",
            "between these values",
        ),
    ],
)
def test_a_group_that_no_row_is_of_is_named_with_what_is_there(sensitive, said, remedy):
    with pytest.raises(DataError) as caught:
        check(sensitive)
    assert said in caught.value.what
    assert remedy in (caught.value.remedy or "")
    assert caught.value.where == "jobs.yaml:1"


def test_cut_points_that_divide_the_rows_will_do():
    check({"age": {"bins": [30, 300], "reference": "<30"}})


def test_a_missing_value_makes_no_text_of_numbers():
    missing = AGES.astype(float)
    missing[:9] = np.nan
    check({"age": {"bins": [30], "reference": "(missing)"}}, missing)
    with pytest.raises(DataError, match="values, 20 to 79, into one group"):
        check({"age": {"bins": [300]}}, missing)


def test_an_outcome_is_checked_as_often_as_it_occurs():
    seen = []

    def look(column, target):
        seen.append((column.to_pylist(), target.column))

    frame = pd.DataFrame({"person": range(4), "sex": list("FMFM"), "hired": [1, 0, 1, 1]})
    case = use_case(data={"sensitive": {"sex": {}}})
    check_preconditions(FrameRows(frame), case, look)
    assert seen == [([0, 1, 1, 1], "hired")]
