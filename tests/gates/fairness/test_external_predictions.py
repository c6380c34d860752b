"""Predictions made anywhere are read as meant, or refused with what to do."""

import pandas as pd
import pytest

from assay.config.data import Sensitive
from assay.errors import DataError
from assay.gates.confusion_cells import ROWS_COLUMN
from assay.gates.fairness.external_predictions import predictions_from_frame

SEX = ["M", "F", "M", "F"]


def read(truth, prediction, positive=None, **columns):
    frame = pd.DataFrame({"y": truth, "p": prediction, "sex": SEX, **columns})
    return predictions_from_frame(frame, truth="y", prediction="p", by=["sex"], positive=positive)


@pytest.mark.parametrize(
    ("truth", "prediction", "positive"),
    [
        ([1, 0, 1, 0], [1, 1, 0, 0], None),
        ([1, 0, 1, 0], [1.0, 1.0, 0.0, 0.0], None),
        ([True, False, True, False], ["true", "true", "false", "false"], None),
        (["yes", "no", "yes", "no"], ["yes", "yes", "no", "no"], None),
        ([">50K", "<=50K", ">50K", "<=50K"], [">50K", ">50K", "<=50K", "<=50K"], ">50K"),
        ([2, 1, 2, 1], [2, 2, 1, 1], "2"),
        ([True, False, True, False], [True, True, False, False], "True"),
    ],
)
def test_yes_is_understood_in_every_usual_form(truth, prediction, positive):
    found = read(truth, prediction, positive)
    assert found["truth"].tolist() == [True, False, True, False]
    assert found["decision"].tolist() == [True, True, False, False]
    assert found["sex"].tolist() == SEX
    assert found["row"].tolist() == [0, 1, 2, 3]
    assert (found["truth"].dtype, found["decision"].dtype) == (bool, bool)


def test_a_constant_prediction_may_still_be_audited():
    assert not read([1, 0, 1, 0], [0, 0, 0, 0])["decision"].any()
    assert not read(["a", "b", "a", "b"], ["b"] * 4, "a")["decision"].any()


def test_cut_points_make_groups_of_numbers():
    frame = pd.DataFrame({"y": [1, 0], "p": [1, 0], "age": [20, 60]})
    declared = {"age": Sensitive(bins=(50.0,))}
    found = predictions_from_frame(frame, truth="y", prediction="p", by=["age"], sensitive=declared)
    assert found["age"].tolist() == ["<50", ">=50"]


@pytest.mark.parametrize(
    ("truth", "prediction", "positive", "message"),
    [
        ([1, 0, 1, 0], [0.1, 0.7, 0.3, 0.2], None, "probabilities, not decisions"),
        ([1, 0, 1, 2], [1, 0, 1, 0], None, "3 different values, not two"),
        ([1, 0, None, 0], [1, 0, 1, 0], None, "'y' holds no value in 1 of 4 rows"),
        (["a", "b", "a", "b"], [1, 0, 1, 0], None, r"'y' holds 'a', 'b', but 'p' holds '0', '1'"),
        (["a", "b", "a", "b"], ["a", "b", "a", "b"], None, r"which of 'a', 'b' means yes"),
        (["good", "bad"] * 2, ["good", "bad"] * 2, "goood", r"'goood'(.|\n)*mean 'good'"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(truth, prediction, positive, message):
    with pytest.raises(DataError, match=message):
        read(truth, prediction, positive)


def test_an_absent_column_is_named_with_the_nearest():
    frame = pd.DataFrame({"outcome": [1], "p": [1], "sex": ["M"]})
    with pytest.raises(DataError, match=r"'outcom'(.|\n)*'outcome'"):
        predictions_from_frame(frame, truth="outcom", prediction="p", by=["sex"])
    with pytest.raises(DataError, match="no rows"):
        predictions_from_frame(frame.iloc[:0], truth="outcome", prediction="p", by=["sex"])


def test_probabilities_and_counts_come_along():
    frame = pd.DataFrame(
        {"y": [1, 0], "p": [1, 0], "s": [0.9, 0], "n": [3.0, 2], "sex": ["M", "F"]}
    )
    found = predictions_from_frame(
        frame, truth="y", prediction="p", by=["sex"], probability="s", rows="n"
    )
    assert found["probability"].tolist() == [0.9, 0]
    assert found[ROWS_COLUMN].tolist() == [3, 2]
    assert found[ROWS_COLUMN].dtype == "int64"


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("probability", [0.5, 1.2], "outside 0 to 1 in 1 rows, such as 1.2"),
        ("probability", [0.5, -0.1], "outside 0 to 1"),
        ("probability", [0.5, float("inf")], "outside 0 to 1"),
        ("probability", [0.5, None], "'x' holds no value in 1 of 2 rows"),
        ("probability", ["0.5", "high"], "'x' holds no numbers, but values such as 'high'"),
        ("probability", ["0.5", "nan"], "'x' holds no numbers, but values such as 'nan'"),
        ("probability", [True, False], "'x' holds no numbers"),
        ("rows", [1, -1], r"does not count rows: it holds -1(.|\n)*survey"),
        ("rows", [1, 1.5], "it holds 1.5"),
        ("rows", [0, 0], "counts no rows"),
        ("rows", [1e300, 1], "more than can be told"),
    ],
)
def test_what_is_no_probability_or_count_is_refused(column, values, message):
    frame = pd.DataFrame({"y": [1, 0], "p": [1, 0], "x": values, "sex": ["M", "F"]})
    with pytest.raises(DataError, match=message):
        predictions_from_frame(frame, truth="y", prediction="p", by=["sex"], **{column: "x"})
