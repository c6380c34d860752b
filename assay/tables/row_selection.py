"""Some of a table's rows as a table of their own: a range of rows, a value, a period."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.errors import DataError, suggest_name
from assay.tables.columns import column_kind
from assay.tables.dates import parse_dates
from assay.tables.table import Table
from assay.tables.table_writer import write_table


def rows_between(table: Table, first: int, last: int, name: str) -> Table:
    """Rows `first` to `last`, counted from 1, both included. Raises DataError for none."""

    def batches() -> Iterator[pa.RecordBatch]:
        start = 1
        for batch in table.batches():
            skip = min(max(first - start, 0), batch.num_rows)
            yield batch.slice(skip, max(last - start + 1 - skip, 0))
            start += batch.num_rows

    return _write_selection(table, batches(), name)


def rows_where(table: Table, column: str, low: str, high: str, name: str) -> Table:
    """Rows whose `column` lies from `low` to `high`, both included, as people write them.

    Texts must equal `low` (which then is `high`), unless all are dates as ISO 8601 writes them,
    which count as dates. A date includes all of its day, month or year: 2018 goes to its last
    microsecond. Raises DataError for a column that is not there, for what is no value of its kind,
    and for no rows.
    """
    if column not in table.schema.names:
        known = ", ".join(table.schema.names[:20])
        remedy = suggest_name(column, table.schema.names, f"Columns: {known}.")
        raise DataError(f"there is no column {column!r}", where=name, remedy=remedy)
    kind = column_kind(table.schema.field(column).type)
    if kind == "text" and all(map(_DATE.fullmatch, (low, high))):
        kind = _text_or_date(table, column, exact=low == high, name=name)
    if kind in {"text", "boolean"} and low != high:
        raise DataError(
            f"{column!r} holds {kind}, which has no range",
            where=name,
            remedy="Name one value of it.",
        )
    ends = _range_ends(kind, low, high, name)

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in table.batches():
            yield batch.filter(_range_mask(batch.column(column), ends))

    return _write_selection(table, batches(), name)


_DATE: Final = re.compile(r"\d{4}(-\d{2}(-\d{2}([T ].+)?)?)?")


def _text_or_date(table: Table, column: str, *, exact: bool, name: str) -> str:
    """Whether a column of text holds dates: "date", else "text". Where a range was asked for, it
    raises DataError with a value that is none.
    """
    try:
        for batch in table.batches([column]):
            parse_dates(batch.column(0))
    except pa.ArrowInvalid as error:
        if exact:
            return "text"
        such = f"data: {{dates: {{{column}: '%d.%m.%Y'}}}}"
        raise DataError(
            f"{column!r} is text, and not all of it dates as ISO 8601 writes them ({error})",
            where=name,
            remedy=f"Declare its format in a use case, {such}, and name that with --config.",
        ) from None
    return "date"


def _range_ends(kind: str, low: str, high: str, name: str) -> tuple[pa.Scalar, pa.Scalar]:
    try:
        if kind == "date":
            first, last = np.datetime64(low), np.datetime64(high)
            until = (last + 1).astype("datetime64[us]") - np.timedelta64(1, "us")
            stamps = (first.astype("datetime64[us]"), until)
            return tuple(pa.scalar(stamp, pa.timestamp("us")) for stamp in stamps)
        if kind in {"integer", "number"}:
            return pa.scalar(float(low)), pa.scalar(float(high))
    except ValueError:
        raise DataError(
            f"{low!r} to {high!r} is no range of {kind}s",
            where=name,
            remedy="Write it as 2015..2018, or as 2018-01-01..2018-06-30 for dates.",
        ) from None
    return pa.scalar(low), pa.scalar(high)


def _range_mask(column: pa.Array, ends: tuple[pa.Scalar, pa.Scalar]) -> pa.Array:
    if pa.types.is_timestamp(ends[0].type):
        column = parse_dates(column)
    else:
        column = column.cast(ends[0].type, safe=False)
    low, high = (pc.greater_equal(column, ends[0]), pc.less_equal(column, ends[1]))
    return pc.fill_null(pc.and_(low, high), False)


def _write_selection(table: Table, batches: Iterator[pa.RecordBatch], name: str) -> Table:
    rule = table.identity_rule
    held = write_table(table.bucket, batches, table.schema, name, identity_rule=rule)
    made = Table.read(table.bucket, held)
    if not made.rows:
        raise DataError(
            "no rows are left",
            where=name,
            remedy=f"The table has {table.rows:,} rows; check the range.",
        )
    return made
