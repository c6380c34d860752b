"""Rows from a database: one query, streamed by SQLAlchemy."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from assay.config.data import Data
from assay.errors import SourceError
from assay.sources.blocks import RowBlock, select_columns
from assay.sources.database import Database
from assay.sources.header import check_column_names
from assay.sources.typed_blocks import block_from_columns

if TYPE_CHECKING:
    from sqlalchemy import CursorResult

_ROWS: Final = 1 << 14
_REMEDY: Final = "Check data.source.connection and try the query in the database's own client."
_PARAMETER: Final = re.compile(r"(?<![:\w\\]):(?=\w)")


class SqlQuery:
    """The rows of a SQL query, by a server-side cursor where the database has one.

    The line of a row is its number in the result, from 1. Secrets are known to the engine
    alone: errors and `describe_source` show the connection as it was written, without its password.
    """

    position_unit = "row"
    textual = False
    disagreements: Sequence[str] = ()

    def __init__(self, data: Data, requested_columns: Collection[str] | None = None) -> None:
        self._data, self._only = data, requested_columns
        self._sql = data.source.sql or ""
        self._database = Database(data.source.connection or "", "data.source.connection")
        self._database.check_exists()
        self._shown = self._database.display_url
        self.columns: list[str] = []

    def kinds(self) -> dict[str, str] | None:
        return None  # drivers tell types too loosely, and SQLite has them by the value

    def blocks(self) -> Iterator[RowBlock]:
        from sqlalchemy import text

        query = _PARAMETER.sub(r"\:", self._sql)  # a colon in the query is just a colon
        engine = self._database.engine
        try:
            with (
                self._database.translate_errors(SourceError, _REMEDY),
                engine.connect() as connection,
            ):
                options = {"stream_results": True, "yield_per": _ROWS}
                result = connection.execution_options(**options).execute(text(query))
                self.columns = check_column_names(self._column_names(result), self._shown)
                yield from self._rows(result)
        finally:
            engine.dispose()

    def describe_source(self) -> dict[str, Any]:
        return {"format": "sql", "sql": self._sql, "connection": self._shown}

    def _rows(self, result: CursorResult[Any]) -> Iterator[RowBlock]:
        wanted = select_columns(self.columns, self._data, self._only)
        places = {name: self.columns.index(name) for name in wanted}
        number = 1
        for rows in result.partitions(_ROWS):
            values = list(zip(*rows, strict=True))
            lines = np.arange(number, number + len(rows), dtype=np.int64)
            number += len(rows)
            columns = {name: values[place] for name, place in places.items()}
            yield block_from_columns(columns, lines, self._data.missing, self._shown)

    def _column_names(self, result: CursorResult[Any]) -> list[str]:
        if not result.returns_rows:
            raise SourceError(
                "the query returns no rows", where=self._shown, remedy="Write a SELECT."
            )
        return list(result.keys())
