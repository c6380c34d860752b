"""Marks of missing values: the same in every format."""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.sources.missing_marks import null_marked_array, null_marked_values

ROWS = [(1, 0.5, "x"), (-999, -999.0, "-999"), (3, -0.1, ""), (4, 2.0, "y")]
MARKS = ["", "-999", "-0.10"]


def _source(form: str, folder):
    names = ["a", "b", "c"]
    path = folder / f"a.{form}"
    if form == "db":
        with sqlite3.connect(path) as connection:
            connection.execute("create table t (a, b, c)")
            connection.executemany("insert into t values (?, ?, ?)", ROWS)
        connection.close()
        return {"sql": "select * from t", "connection": f"sqlite:///{path}"}
    if form == "jsonl":
        path.write_text("\n".join(json.dumps(dict(zip(names, r, strict=True))) for r in ROWS))
    else:
        columns = zip(*ROWS, strict=True)
        pq.write_table(pa.table(dict(zip(names, map(list, columns), strict=True))), path)
    return path


@pytest.mark.parametrize("form", ["jsonl", "parquet", "db"])
def test_numeric_marks_are_missing_in_columns_of_numbers(tmp_path, take, form) -> None:
    taken = take(_source(form, tmp_path), missing=MARKS)
    assert list(taken.types.values()) == ["integer", "number", "text"]
    rows = taken.table.to_arrow().to_pylist()
    assert [row["a"] for row in rows] == [1, None, 3, 4]
    assert [row["b"] for row in rows] == [0.5, None, None, 2.0]
    assert [row["c"] for row in rows] == ["x", None, None, "y"]


def test_a_mark_does_not_make_a_column_mixed(tmp_path, take) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"a": 1}\n{"a": "NA"}\n{"a": 3}\n')
    assert take(file, missing=["NA"]).types == {"a": "integer"}


def test_marks_that_a_type_cannot_hold_are_passed_over() -> None:
    marks = ["", "1.5", "-1", "1e400", "NaN", "99999999999999999999", "2"]
    for kind in (pa.int64(), pa.uint64(), pa.decimal128(5, 0), pa.decimal128(5, 1)):
        held = null_marked_array(pa.array([1, 2, None], pa.int8()).cast(kind), marks)
        assert held.to_pylist() == [1, None, None]
    assert null_marked_array(pa.array([True]), ["1"]).to_pylist() == [True]
    assert null_marked_values([True, 1, Decimal("1.0"), "1"], ["1"]) == [True, None, None, None]
