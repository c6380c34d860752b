"""Every row falls into one cell, the same whether it is profiled or read."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from assay.gates.drift.cell_grid import MISSING_CELL, NEW_CELL, CellGrid, are_comparable
from assay.tables.profile import TableProfile


def column(values, kind):
    return TableProfile.from_rows(pa.table({"c": values}), {"c": kind}).columns["c"]


NUMBERS = pa.array([None, *np.random.default_rng(0).normal(size=2000)], pa.float64())
TEXTS = pa.array(["b", "a", None, "a", "c"] * 9)
DATES = pa.array(pd.date_range("2020", periods=400), pa.timestamp("us"))
LONG = pa.array([str(i) for i in range(9000)])


@pytest.mark.parametrize(
    ("reference", "current", "kind"),
    [
        (NUMBERS, pa.array([None, -99.0, 0.0, 99.0, *np.linspace(-3, 3, 50)]), "number"),
        (pa.array([1, 2, 2, 7]), pa.array([0, 1, 2, 5, 7, 8, None]), "integer"),
        (TEXTS, pa.array(["a", "new", None, "(new)", "c"]), "text"),
        (DATES, DATES, "date"),
        (LONG, LONG, "text"),
        (pa.array([None, None], pa.float64()), pa.array([1.0, None]), "number"),
        (pa.array([True, False]), pa.array([True, None]), "boolean"),
    ],
)
def test_rows_and_profiles_are_counted_into_the_same_cells(reference, current, kind):
    grid = CellGrid.from_profile(column(reference, kind))
    codes = grid.codes(pa.chunked_array([current]))
    counted = np.bincount(codes, minlength=len(grid.labels))
    assert counted.tolist() == grid.counts(column(current, kind)).tolist()
    assert counted.sum() == len(current)
    assert counted[-1] == current.null_count
    assert not grid.counts(column(reference, kind))[grid.unseen_cells].any()


def test_cells_are_named_for_people():
    assert CellGrid.from_profile(column(TEXTS, "text")).labels == (
        "a",
        "b",
        "c",
        NEW_CELL,
        MISSING_CELL,
    )
    single = CellGrid.from_profile(column(pa.array([1, 2, 7]), "integer"))
    assert single.labels == ("below 1", "1", "2", "7", "above 7", MISSING_CELL)
    counted = single.counts(column(pa.array([1, 2, 2, 7, 7, 7, 0]), "integer"))
    assert counted.tolist() == [1, 1, 2, 3, 0, 0]
    dated = CellGrid.from_profile(column(DATES, "date"))
    assert dated.labels[0] == "below 2020-01-01"
    assert len(CellGrid.from_profile(column(NUMBERS, "number")).labels) == 13


def test_a_finely_and_a_coarsely_profiled_side_are_cut_at_the_same_places():
    """Half of the values are one atom at the edge of a cell."""
    rng = np.random.default_rng(0)
    many = column(pa.array(np.where(rng.random(20_000) < 0.5, 0.1, rng.random(20_000))), "number")
    few = column(pa.array(np.where(rng.random(2000) < 0.5, 0.1, rng.random(2000))), "number")
    assert many.distribution.dropped_bits > few.distribution.dropped_bits == 0
    for old, new in ((many, few), (few, many)):
        grid = CellGrid.from_profile(old, new.distribution.dropped_bits)
        shares = [grid.counts(side) / side.rows for side in (old, new)]
        np.testing.assert_allclose(*shares, atol=0.05)


def test_rare_values_share_a_cell():
    texts = pa.array([str(i) for i in range(60) for _ in range(60 - i)])
    grid = CellGrid.from_profile(column(texts, "text"))
    assert "(other)" in grid.labels
    assert grid.counts(column(texts, "text")).sum() == len(texts)


def test_text_is_not_compared_with_numbers_nor_dates_with_either():
    number, text, date = column(NUMBERS, "number"), column(TEXTS, "text"), column(DATES, "date")
    assert are_comparable(number, column(pa.array([1]), "integer"))
    assert are_comparable(text, column(pa.array([True]), "boolean"))
    assert not are_comparable(number, text)
    assert not are_comparable(date, number)
    assert are_comparable(number, column(pa.array([None], pa.string()), "text"))
