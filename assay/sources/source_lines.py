"""On which line of its source each row of a table stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.tables.table import Table

SOURCE_LINES_SCHEMA: Final = pa.schema([pa.field("row", pa.int64()), pa.field("line", pa.int64())])

LineNumbers = NDArray[np.int64]


class SourceLines:
    """Lines by row, kept as runs: rows mostly stand on lines that follow each other."""

    def __init__(self) -> None:
        self._rows: list[LineNumbers] = []
        self._lines: list[LineNumbers] = []
        self._count = 0
        self._expected = -1  # the line on which the next row stands if the run goes on

    @classmethod
    def from_table(cls, table: Table) -> SourceLines:
        """Those that were stored as a table."""
        held, places = table.to_arrow(), cls()
        places._rows = [held["row"].to_numpy()]
        places._lines = [held["line"].to_numpy()]
        return places

    def add(self, lines: LineNumbers) -> None:
        """The lines of the rows that come next."""
        if not len(lines):
            return
        expected = np.concatenate([[self._expected], lines[:-1] + 1])
        starts = np.flatnonzero(lines != expected)
        self._rows.append(starts + self._count)
        self._lines.append(lines[starts])
        self._count += len(lines)
        self._expected = int(lines[-1]) + 1

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The runs: the first row of each, from 0, and its line."""
        for rows, lines in zip(self._rows, self._lines, strict=True):
            arrays = [pa.array(rows, pa.int64()), pa.array(lines, pa.int64())]
            yield pa.RecordBatch.from_arrays(arrays, schema=SOURCE_LINES_SCHEMA)

    def lines(self, rows: LineNumbers) -> LineNumbers:
        """The lines on which rows stand, by their numbers."""
        starts, lines = np.concatenate(self._rows), np.concatenate(self._lines)
        run = np.searchsorted(starts, rows, side="right") - 1
        found: LineNumbers = lines[run] + rows - starts[run]
        return found
