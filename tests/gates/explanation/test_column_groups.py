"""Columns that say nearly the same are one group, and no others are."""

import numpy as np
import pandas as pd
import pytest

from assay.gates.explanation.column_groups import group_columns
from tests.gates.explanation.models import numbers


def columns(rows=800):
    frame = numbers(rows, names="ab")
    draw = np.random.default_rng(4)
    married = draw.random(rows) < 0.5
    frame["scaled"] = 5 - 2 * frame["a"] ** 3  # falling, not linear
    frame["state"] = np.where(married, "married", draw.choice(["single", "widowed"], rows))
    frame["role"] = np.where(married, draw.choice(["wife", "husband"], rows), "own")
    frame["town"] = draw.choice(list("xyz"), rows)
    return frame


def test_a_falling_copy_and_texts_that_agree_are_groups():
    found = group_columns(columns())
    assert set(found.groups) == {("a", "scaled"), ("b",), ("state", "role"), ("town",)}
    assert found.nearest(("a",)) == ("scaled", pytest.approx(1.0))


def test_a_column_that_stays_alone_joins_none():
    found = group_columns(columns(), alone=["role"])
    assert ("state",) in found.groups
    assert ("role",) in found.groups


def test_a_number_cut_into_bins_is_compared_with_a_text():
    frame = columns()
    frame["size"] = pd.cut(frame["b"], [-9, -0.5, 0.5, 9], labels=["s", "m", "l"]).astype("str")
    assert ("b", "size") in group_columns(frame).groups


@pytest.mark.parametrize("rows", [30, 60])
def test_few_rows_alone_make_no_group(rows):
    draw = np.random.default_rng(6)
    texts = {name: draw.choice([f"{name}{i}" for i in range(8)], rows) for name in "pqrs"}
    assert len(group_columns(pd.DataFrame(texts)).groups) == 4


def test_missing_and_constant_columns_are_no_trouble():
    frame = numbers(50).assign(c=np.nan, d=1.0, e="x")
    frame.loc[::2, "a"] = np.nan
    assert len(group_columns(frame).groups) == 5
    assert group_columns(frame[["a"]]).groups == (("a",),)
    assert group_columns(frame[["a"]]).nearest(("a",)) is None
