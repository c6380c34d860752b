"""Every row falls into one cell, the same whether it is profiled or read."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from assay.gates.drift.cell_grid import MISSING_CELL, NEW_CELL, OTHER_CELL, CellGrid, are_comparable
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
    grid = CellGrid.from_profiles(column(reference, kind), column(current, kind))
    for rows in (reference, current):
        codes = grid.codes(pa.chunked_array([rows]))
        counted = np.bincount(codes, minlength=len(grid.labels))
        assert counted.tolist() == grid.counts(column(rows, kind)).tolist()
        assert counted.sum() == len(rows)
        assert counted[-1] == rows.null_count


def grid_of_one(values, kind):
    return CellGrid.from_profiles(column(values, kind), column(values, kind))


def test_cells_are_named_for_people():
    assert set(grid_of_one(TEXTS, "text").labels) == {"a", "b", "c", MISSING_CELL}
    nothing = column(pa.array([None], pa.string()), "text")
    assert CellGrid.from_profiles(nothing, column(TEXTS, "text")).labels == (
        NEW_CELL,
        MISSING_CELL,
    )
    single = grid_of_one(pa.array([1, 2, 7]), "integer")
    assert single.labels == ("below 1", "1", "2", "7", "above 7", MISSING_CELL)
    counted = single.counts(column(pa.array([1, 2, 2, 7, 7, 7, 0]), "integer"))
    assert counted.tolist() == [1, 1, 2, 3, 0, 0]
    dated = grid_of_one(DATES, "date")
    assert dated.labels[0] == "below 2020-01-01"
    assert len(grid_of_one(NUMBERS, "number").labels) == 13


def test_a_finely_and_a_coarsely_profiled_side_are_cut_at_the_same_places():
    """Half of the values are one atom at the edge of a cell."""
    rng = np.random.default_rng(0)
    many = column(pa.array(np.where(rng.random(20_000) < 0.5, 0.1, rng.random(20_000))), "number")
    few = column(pa.array(np.where(rng.random(2000) < 0.5, 0.1, rng.random(2000))), "number")
    assert many.distribution.dropped_bits > few.distribution.dropped_bits == 0
    for old, new in ((many, few), (few, many)):
        grid = CellGrid.from_profiles(old, new)
        shares = [grid.counts(side) / side.rows for side in (old, new)]
        np.testing.assert_allclose(*shares, atol=0.05)


def test_rare_values_share_a_cell():
    texts = pa.array([str(i) for i in range(60) for _ in range(60 - i)])
    grid = grid_of_one(texts, "text")
    assert OTHER_CELL in grid.labels
    assert grid.shares_a_cell
    assert grid.counts(column(texts, "text")).sum() == len(texts)


def test_cells_of_text_are_chosen_from_both_sides_alike():
    rng = np.random.default_rng(0)
    old, new = (
        column(pa.array([f"level {i}" for i in rng.integers(0, 200, 3000)]), "text")
        for _ in range(2)
    )
    there, back = CellGrid.from_profiles(old, new), CellGrid.from_profiles(new, old)
    assert there.labels == back.labels
    assert there.counts(old).tolist() == back.counts(old).tolist()


def test_a_frequent_level_has_a_cell_even_where_levels_are_too_many_to_name():
    new = column(pa.array([*LONG.to_pylist()[:4500], *["fresh"] * 500]), "text")
    old = column(pa.array([*LONG.to_pylist()[:8900], *["first"] * 500]), "text")
    assert old.names is None
    grid = CellGrid.from_profiles(old, new, fewest_rows=20)
    assert len(grid.labels) == 4
    assert (np.maximum(grid.counts(old), grid.counts(new))[:2] >= 500).all()
    assert (np.minimum(grid.counts(old), grid.counts(new))[:2] < 10).all()


def test_text_is_not_compared_with_numbers_nor_dates_with_either():
    number, text, date = column(NUMBERS, "number"), column(TEXTS, "text"), column(DATES, "date")
    assert are_comparable(number, column(pa.array([1]), "integer"))
    assert are_comparable(text, column(pa.array([True]), "boolean"))
    assert not are_comparable(number, text)
    assert not are_comparable(date, number)
    assert are_comparable(number, column(pa.array([None], pa.string()), "text"))
