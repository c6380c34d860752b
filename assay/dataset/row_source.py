"""What validation asks of rows, wherever they are: a frame in memory, or a stored table.

A table is asked through DuckDB, which reads its parts in place: no gate need hold all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa

from assay.tables.columns import MAX_NUMBER
from assay.tables.duckdb_views import ROW_COLUMN, duckdb_can_open, open_duckdb, quote_identifier
from assay.tables.table import Table

if TYPE_CHECKING:
    import duckdb

FrameOrTable = pd.DataFrame | Table
_Described = Sequence[tuple[str, str]]  # names of columns and their types
_COLUMNS_A_QUERY: Final = 16  # distinct values of so many are counted within DuckDB's memory
_CELLS_IN_MEMORY: Final = 1 << 23  # of columns that are read for many queries
_QUERIES_WORTH_READING: Final = 4


@dataclass(frozen=True)
class ColumnSummary:
    """What one column holds. `type` is the table's word for it, a frame's dtype; `missing`,
    `distinct` (values, the missing ones apart), `infinite` and `huge` (finite values beyond
    `MAX_NUMBER`) are counts."""

    name: str
    type: str
    missing: int
    distinct: int
    infinite: int = 0
    huge: int = 0


class RowSource(Protocol):
    """Some rows, in an order of their own, numbered from 0."""

    @property
    def count(self) -> int:
        """How many."""

    @property
    def columns(self) -> dict[str, ColumnSummary]:
        """By name, in order."""

    def values(self, column: str) -> tuple[pa.Array, np.ndarray]:
        """The different values that are not missing, ascending, and how often each occurs
        (int64)."""

    def frame(self, columns: Sequence[str]) -> pd.DataFrame:
        """Some columns in memory, indexed by the rows' numbers."""

    def cells(self, numbers: Sequence[int], columns: Sequence[str]) -> list[tuple[Any, ...]]:
        """The values of some rows, by their numbers (ascending); None where missing."""


@contextmanager
def open_rows(data: FrameOrTable | RowSource) -> Iterator[RowSource]:
    """The rows of a frame or of a table, or those that are open already. A damaged part of a
    table raises ObjectCorrupt."""
    if isinstance(data, Table) and duckdb_can_open(data):
        with open_duckdb(data) as connection:
            yield TableRows(data, connection)
    elif isinstance(data, Table | pd.DataFrame):
        yield FrameRows(data.to_pandas() if isinstance(data, Table) else data)
    else:
        yield data


class FrameRows:
    """The rows of a pandas frame, whatever its index."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame.reset_index(drop=True)

    @property
    def count(self) -> int:
        return len(self._frame)

    @cached_property
    def columns(self) -> dict[str, ColumnSummary]:
        return {
            str(name): ColumnSummary(
                str(name),
                str(held.dtype),
                int(held.isna().sum()),
                int(held.nunique()),
                *_count_extremes(held),
            )
            for name, held in self._frame.items()
        }

    def values(self, column: str) -> tuple[pa.Array, np.ndarray]:
        counts = self._frame[column].value_counts(sort=False)
        counts = counts[counts > 0].sort_index()
        return pa.array(counts.index), counts.to_numpy(np.int64)

    def frame(self, columns: Sequence[str]) -> pd.DataFrame:
        return self._frame[list(columns)]

    def cells(self, numbers: Sequence[int], columns: Sequence[str]) -> list[tuple[Any, ...]]:
        held = self._frame.loc[list(numbers), list(columns)].astype(object)
        return list(held.where(held.notna(), None).itertuples(index=False, name=None))


def _count_extremes(column: pd.Series) -> tuple[int, int]:
    """How many values are infinite, and how many finite ones huge."""
    if not pd.api.types.is_float_dtype(column.dtype):
        return 0, 0
    size = np.abs(column.to_numpy(dtype=float, na_value=np.nan))
    infinite = int(np.isinf(size).sum())
    return infinite, int((size > MAX_NUMBER).sum()) - infinite


class TableRows:
    """The rows of a table, through a connection of `tables.duck.opened`."""

    def __init__(self, table: Table, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._table = table

    @property
    def count(self) -> int:
        return self._table.rows

    @cached_property
    def columns(self) -> dict[str, ColumnSummary]:
        described = [(column["name"], column["type"]) for column in self._table.description]
        in_memory = _CELLS_IN_MEMORY // self.count
        if min(in_memory, len(described)) <= _QUERIES_WORTH_READING * _COLUMNS_A_QUERY:
            return {
                name: summary
                for some in _stretches(described, _COLUMNS_A_QUERY)
                for name, summary in self._summaries(some, "held").items()
            }
        # A query on the Parquet parts takes time for each of their columns, asked for or not.
        found: dict[str, ColumnSummary] = {}
        for many in _stretches(described, in_memory):
            rows = self._table.to_arrow([name for name, _ in many])
            for some in _stretches(many, _COLUMNS_A_QUERY):
                self.connection.register("stretch", rows.select([name for name, _ in some]))
                found |= self._summaries(some, "stretch")
        self.connection.unregister("stretch")
        return found

    def _summaries(self, described: _Described, view: str) -> dict[str, ColumnSummary]:
        asked = ", ".join(_count_expressions(name, kind) for name, kind in described)
        [counts] = self.connection.execute(f"SELECT {asked} FROM {view}").fetchall()  # noqa: S608 - quoted names
        of_column = np.reshape(counts, (-1, 4)).tolist()
        return {
            name: ColumnSummary(name, kind, self.count - known, distinct, infinite, huge)
            for (name, kind), (known, distinct, infinite, huge) in zip(
                described, of_column, strict=True
            )
        }

    def values(self, column: str) -> tuple[pa.Array, np.ndarray]:
        name = quote_identifier(column)
        found = self.connection.sql(
            f"SELECT {name} AS value, count(*) AS rows FROM held WHERE {name} IS NOT NULL "  # noqa: S608
            "GROUP BY ALL ORDER BY value"
        ).to_arrow_table()
        return found["value"].combine_chunks(), found["rows"].to_numpy().astype(np.int64)

    def frame(self, columns: Sequence[str]) -> pd.DataFrame:
        return self._table.to_pandas(columns)

    def cells(self, numbers: Sequence[int], columns: Sequence[str]) -> list[tuple[Any, ...]]:
        self.connection.register("wanted", pa.table({"number": pa.array(numbers, pa.int64())}))
        named = ", ".join(quote_identifier(name) for name in columns)
        row = quote_identifier(ROW_COLUMN)
        try:
            return self.connection.execute(
                f"SELECT {named} FROM numbered SEMI JOIN wanted "  # noqa: S608 - quoted names
                f"ON {row} = number ORDER BY {row}"
            ).fetchall()
        finally:
            self.connection.unregister("wanted")

    @contextmanager
    def one_thread(self) -> Iterator[None]:
        """What is asked meanwhile is worked out row after row: sums of floats come out the same
        whatever the machine."""
        self.connection.execute("SET threads = 1")
        try:
            yield
        finally:
            self.connection.execute("RESET threads")


def _stretches(described: _Described, columns: int) -> Iterator[_Described]:
    """So many columns at a time."""
    return (described[start : start + columns] for start in range(0, len(described), columns))


def _count_expressions(name: str, kind: str) -> str:
    """SQL that counts a column's values, its different ones, the infinite and the huge ones."""
    name = quote_identifier(name)
    counted = f"count({name}), count(DISTINCT {name})"
    if kind != "number":
        return f"{counted}, 0, 0"
    infinite = f"isinf({name})"
    return (
        f"{counted}, count(*) FILTER ({infinite}), "
        f"count(*) FILTER (abs({name}) > {MAX_NUMBER!r} AND NOT {infinite})"
    )
