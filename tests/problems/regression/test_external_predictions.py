"""Files of predicted amounts: read as they are, or refused by name."""

import numpy as np
import pandas as pd
import pytest

from assay.config.data import Sensitive
from assay.errors import DataError
from assay.problems.regression.external_predictions import answers_from_frame


def made(**columns):
    return pd.DataFrame(
        {"y": [1, 2, 3], "p": [1.5, 2.0, -3.0], "sex": ["f", None, "m"], "age": [20, 30, 40]}
        | columns
    )


def read(frame, by=("sex",), **declared):
    sensitive = {name: declared.get(name, Sensitive()) for name in by}
    return answers_from_frame(frame, truth="y", prediction="p", sensitive=sensitive)


def test_amounts_and_groups_are_read():
    found = read(made(), by=("sex", "age"), age=Sensitive(bins=(30,)))
    assert list(found) == ["row", "truth", "prediction", "sex", "age"]
    assert found["truth"].tolist() == [1.0, 2.0, 3.0]
    assert found["prediction"].tolist() == [1.5, 2.0, -3.0]
    assert found["sex"].tolist() == ["f", "(missing)", "m"]
    assert found["age"].tolist() == ["<30", ">=30", ">=30"]


@pytest.mark.parametrize(
    ("columns", "by", "said"),
    [
        ({"y": [1.0, np.inf, 2.0]}, ("sex",), "'y' is infinite in 1 of 3 rows"),
        ({"p": [1.0, None, 2.0]}, ("sex",), "'p' holds no value in 1 of 3 rows"),
        ({"p": ["1", "2", "many"]}, ("sex",), "'p' holds no numbers"),
        ({"p": [True, False, True]}, ("sex",), "'p' holds no numbers"),
        ({}, ("town",), "no column 'town'"),
        ({"truth": ["a", "b", "a"]}, ("truth",), "cannot be called 'truth'"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(columns, by, said):
    with pytest.raises(DataError, match=said):
        read(made(**columns), by)


def test_a_file_without_rows_is_refused():
    with pytest.raises(DataError, match="no rows"):
        read(made().iloc[:0])
