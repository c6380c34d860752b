"""What is asked of rows, however many columns they have."""

import numpy as np
import pandas as pd
import pytest

from assay.bucket.bucket import Bucket
from assay.dataset import row_source
from assay.dataset.row_source import FrameRows, TableRows, open_rows
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame

COLUMNS, ROWS = 300, 40


class CountingConnection:
    """DuckDB's connection, with how many queries each view was asked, and of how many columns."""

    def __init__(self, connection):
        self._connection = connection
        self.queries: list[tuple[str, int]] = []

    def execute(self, sql):
        self.queries.append((sql.rpartition(" FROM ")[2], sql.count("count(DISTINCT ")))
        return self._connection.execute(sql)

    def __getattr__(self, name):
        return getattr(self._connection, name)


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(1)
    made = {f"x{i}": rng.integers(0, 9, ROWS).astype(float) for i in range(COLUMNS)}
    made["x7"][:3] = [np.nan, 1e31, -1e31]
    made["word"] = rng.choice(["a", "B", "b"], ROWS).astype(object)
    made["word"][0] = None
    made["level"] = pd.Categorical(rng.choice(["low", "high"], ROWS), ["low", "mid", "high"])
    made["day"] = pd.to_datetime(rng.integers(0, 5, ROWS), unit="D").astype("datetime64[us]")
    made["whole"] = rng.integers(0, 4, ROWS)
    made["yes"] = rng.random(ROWS) < 0.5
    return pd.DataFrame(made)


@pytest.fixture(scope="module")
def table(frame):
    bucket = Bucket.from_store(MemoryStore()).prepare()
    return Table.read(bucket, write_frame(bucket, frame, "rows"))


def test_a_wide_table_is_read_once_not_once_a_query(table):
    with open_rows(table) as rows:
        counting = CountingConnection(rows.connection)
        found = TableRows(table, counting).columns
    assert list(found) == table.schema.names
    assert {view for view, _ in counting.queries} == {"stretch"}
    assert max(columns for _, columns in counting.queries) <= row_source._COLUMNS_A_QUERY


def test_a_narrow_table_is_counted_where_it_lies(frame):
    bucket = Bucket.from_store(MemoryStore()).prepare()
    table = Table.read(bucket, write_frame(bucket, frame[["x7", "word"]], "rows"))
    with open_rows(table) as rows:
        counting = CountingConnection(rows.connection)
        assert len(TableRows(table, counting).columns) == 2
    assert counting.queries == [("held", 2)]


@pytest.mark.parametrize("cells", [1 << 23, 100 * ROWS, 1])
def test_the_counts_are_the_same_wherever_they_are_made(table, frame, monkeypatch, cells):
    monkeypatch.setattr(row_source, "_CELLS_IN_MEMORY", cells)
    expected = FrameRows(frame).columns
    with open_rows(table) as rows:
        found = rows.columns
    for name, column in expected.items():
        held = found[name]
        assert (held.missing, held.distinct) == (column.missing, column.distinct), name
        assert (held.infinite, held.huge) == (column.infinite, column.huge), name
    assert found["x7"].huge == 2
    assert found["x7"].missing == found["word"].missing == 1


def test_rows_that_are_open_are_not_opened_again(table):
    with open_rows(table) as rows, open_rows(rows) as again:
        assert again is rows
