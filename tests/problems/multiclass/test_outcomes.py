from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from assay.config.data import Target
from assay.errors import DataError
from assay.learning.split import mark_test_rows
from assay.problems.multiclass.outcomes import read_outcomes, split_rows
from tests.problems.learning_examples import HARM, harm_case, make_people, store_rows

CODES = Target(column="severity", classes=(0, "1", 2.0))


def read(values, target=CODES):
    return read_outcomes(pa.chunked_array([pa.array(values)]), target)


@pytest.mark.parametrize("values", [[2, 0, 1, 1], [2.0, 0.0, 1.0, 1.0]])
def test_codes_follow_the_targets_order_and_numbers_are_compared_as_numbers(values):
    found = read(values)
    assert found.dtype == np.int64
    assert found.tolist() == [2, 0, 1, 1]


def test_text_is_compared_as_text():
    target = Target(column="severity", classes=("0", "1", "2"))
    assert read(["2", "0", "1"], target).tolist() == [2, 0, 1]
    with pytest.raises(DataError, match=r"'1.0' \(1 rows\)"):
        read(["2", "0", "1", "1.0"], target)


def test_categories_are_their_values():
    column = pa.chunked_array([pa.array(["b", "a", "c"]).dictionary_encode()])
    assert read_outcomes(column, Target(column="s", classes=("a", "b", "c"))).tolist() == [1, 0, 2]


def test_classes_that_are_one_value_are_refused():
    with pytest.raises(DataError, match=r"'1' and '1\.0' are the same value"):
        read([1, 2, 3], Target(column="severity", classes=(1, 1.0, 2, 3)))


@pytest.mark.parametrize(
    ("values", "what", "remedy"),
    [
        ([0, 1, 2, None], "1 of 4 rows have no 'severity'", "unlabelled: leave_out"),
        ([0, 1, 2, 5, 5, 6], r"3 of 6 .*: 5 \(2 rows\), 6 \(1 rows\)", "classes: [..., 5, 6]"),
        ([0, 1, 2, 5], r"no class: 5 \(1 rows\)", "`unlabelled: leave_out`"),
        ([0, 1, 1], "no row has the class '2.0'", "Take it out"),
        ([*range(400)], "397 different numbers that are no class", "column: severity, unit: ..."),
        ([], "no rows", None),
    ],
)
def test_what_is_no_class_is_refused_with_what_to_write(values, what, remedy):
    with pytest.raises(DataError, match=what) as refused:
        read(values)
    assert remedy is None or remedy in str(refused.value.remedy)


def test_a_word_that_comes_close_is_suggested():
    with pytest.raises(DataError) as refused:
        read(["none", "minor", "kiled", "killed"], Target(column="harm", classes=tuple(HARM)))
    assert "Did you mean 'killed'?" in str(refused.value.remedy)


def test_rows_are_divided_as_for_every_question_and_counted_by_class():
    people = make_people()
    rows = store_rows(people)
    made = split_rows(rows, harm_case())
    as_yes_or_no = harm_case(target={"classes": [], "ordered": False, "positive": "killed"})
    assert (made.test == mark_test_rows(rows, as_yes_or_no)).all()
    seen = people["harm"][made.test].value_counts()
    assert made.sides["test"]["classes"] == {name: int(seen[name]) for name in HARM}
    assert made.sides["training"]["rows"] == int((~made.test).sum())


def test_a_side_without_a_class_is_refused():
    people = make_people()
    late = people["since"] >= "2022-01-01"
    people.loc[late & (people["harm"] == "killed"), "harm"] = "none"
    case = harm_case(split={"by": "time", "column": "since", "after": "2022-01-01"})
    with pytest.raises(DataError, match="the test side of the split has no row of 'killed'"):
        split_rows(store_rows(people), case)


def test_a_class_of_which_the_test_rows_got_few_is_told():
    people = make_people()
    made = split_rows(store_rows(people), harm_case())
    assert made.warnings == ()
    killed = people["harm"] == "killed"
    few = np.flatnonzero(made.test & killed)[1:]
    people.loc[few, "harm"] = "none"
    (told,) = split_rows(store_rows(people), harm_case()).warnings
    assert "the test rows hold 1 of" in told
    assert "'killed'" in told
