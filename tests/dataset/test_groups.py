"""Groups of people: named as the use case says, refused where none could be judged."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.config.data import Sensitive
from assay.dataset.groups import (
    group_labels,
    intersect_groups,
    intersection_label,
    reference_group,
    unchecked_group_labels,
)
from assay.errors import DataError

PLAIN = Sensitive()


def test_cut_points_make_half_open_groups():
    ages = pd.Series([29.9, 30, 49, 50, 99, None], index=[9, 8, 7, 6, 5, 4])
    found = group_labels(ages, Sensitive(bins=(30.0, 50.0)), "age")
    assert found.tolist() == ["<30", "30-50", "30-50", ">=50", ">=50", "(missing)"]
    assert found.index.tolist() == ages.index.tolist()
    assert found.name == "age"


@given(st.lists(st.floats(allow_nan=False) | st.none(), min_size=1), st.floats(-1e6, 1e6))
def test_every_value_finds_its_bin(values, cut):
    column = pd.Series(values, dtype=float)
    if column.isna().all():
        return
    found = group_labels(column, Sensitive(bins=(cut,)), "x")
    for value, label in zip(column, found, strict=True):
        sign = "(missing)" if pd.isna(value) else "<" if value < cut else ">="
        assert label.startswith(sign)


@pytest.mark.parametrize(
    ("column", "labels"),
    [
        (pd.Series(["Male", None, "Female"], dtype="str"), ["Male", "(missing)", "Female"]),
        (pd.Series(pd.Categorical(["b", None], categories=["a", "b"])), ["b", "(missing)"]),
        (pd.Series([1, 2, None]), ["1", "2", "(missing)"]),
        (pd.Series([1, 2]), ["1", "2"]),
        (pd.Series([0.5, 1.0]), ["0.5", "1"]),
        (pd.Series([True, False]), ["True", "False"]),
        (pd.Series([True, None], dtype=object), ["True", "(missing)"]),
        (pd.Series([], dtype="str"), []),
    ],
)
def test_every_kind_of_column_becomes_text(column, labels):
    found = group_labels(column, PLAIN, "x")
    assert found.tolist() == labels
    assert found.dtype == "str"


@pytest.mark.parametrize(
    ("column", "remedy"),
    [
        (pd.Series(range(400)), r"data\.sensitive\.x\.bins"),
        (pd.Series([f"v{i}" for i in range(400)]), "Merge its values"),
    ],
)
def test_too_many_groups_are_refused_with_a_remedy(column, remedy):
    with pytest.raises(DataError, match=f"'x' makes 400 groups(.|\n)*{remedy}"):
        group_labels(column, PLAIN, "x")


def test_fifty_groups_and_a_gap_are_too_many_but_fifty_are_not():
    assert group_labels(pd.Series(range(50)), PLAIN, "x").nunique() == 50
    with pytest.raises(DataError, match="51 groups"):
        group_labels(pd.Series([*range(50), None]), PLAIN, "x")


def test_a_column_without_values_is_refused():
    with pytest.raises(DataError, match="'x' holds no value"):
        group_labels(pd.Series([None, None]), PLAIN, "x")


def test_cut_points_need_numbers():
    with pytest.raises(DataError, match="no numbers"):
        group_labels(pd.Series(["a"]), Sensitive(bins=(1.0,)), "x")


@given(st.lists(st.none() | st.floats(-1e3, 1e3) | st.integers(-9, 99), max_size=60))
@pytest.mark.parametrize("declared", [PLAIN, Sensitive(bins=(0.0, 30.0))])
def test_a_rows_label_depends_on_no_other_row(declared, values):
    column = pd.Series(values, dtype=object)
    whole = unchecked_group_labels(column, declared, "x").tolist()
    alone = [unchecked_group_labels(pd.Series([value]), declared, "x").item() for value in values]
    assert whole == alone


@pytest.mark.parametrize("dtype", [object, "str", "Int64", "float64", "category"])
@pytest.mark.parametrize("declared", [PLAIN, Sensitive(bins=(30.0,))])
def test_rows_without_any_value_are_labelled_missing(declared, dtype):
    column = pd.Series([None, None], dtype=dtype)
    assert unchecked_group_labels(column, declared, "x").tolist() == ["(missing)"] * 2


def test_labels_need_no_few_groups_but_cut_points_still_need_numbers():
    assert unchecked_group_labels(pd.Series(range(400)), PLAIN, "x").nunique() == 400
    with pytest.raises(DataError, match="no numbers"):
        unchecked_group_labels(pd.Series(["a", 3]), Sensitive(bins=(1.0,)), "x")


def test_the_reference_is_the_declared_group_else_the_largest():
    labels = pd.Series(["a", "b", "b", "(missing)", "(missing)", "(missing)"])
    assert reference_group(labels, Sensitive(reference="a"), "x") == "a"
    assert reference_group(labels, PLAIN, "x") == "b"
    assert reference_group(pd.Series(["b", "a"]), PLAIN, "x") == "a"
    assert reference_group(pd.Series(["(missing)"]), PLAIN, "x") == "(missing)"


def test_a_reference_that_does_not_exist_is_named_with_the_nearest():
    with pytest.raises(DataError, match=r"'Mal'(.|\n)*Did you mean 'Male'"):
        reference_group(pd.Series(["Male", "Female"]), Sensitive(reference="Mal"), "sex")


def test_intersections_join_labels_row_by_row():
    sex = pd.Series(["Female", "Male", "Female"], index=[3, 1, 2], name="sex", dtype="str")
    race = pd.Series(["Black", "White", "White"], index=[3, 1, 2], name="race", dtype="str")
    found = intersect_groups([sex, race])
    assert found.tolist() == ["Female & Black", "Male & White", "Female & White"]
    assert found.index.tolist() == [3, 1, 2]
    assert found.name == "sex & race"


def test_labels_that_look_like_an_intersection_make_groups_of_their_own():
    street = pd.Series(["A & B", "A"], dtype="str")
    town = pd.Series(["C", "B & C"], dtype="str")
    found = intersect_groups([street, town]).tolist()
    assert found == ['"A & B" & C', 'A & "B & C"']
    assert found == [intersection_label(["A & B", "C"]), intersection_label(["A", "B & C"])]


@given(st.lists(st.tuples(*[st.sampled_from("abc")] * 3), min_size=1))
def test_intersections_are_what_joining_text_would_be(rows):
    columns = [pd.Series([row[i] for row in rows], dtype="str") for i in range(3)]
    assert intersect_groups(columns).tolist() == [" & ".join(row) for row in rows]
