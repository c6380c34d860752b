"""Dates that stand in a column of text."""

from __future__ import annotations

import pyarrow as pa

from assay.tables.table import Table


def parse_dates(column: pa.Array) -> pa.Array:
    """Text in ISO 8601's form as dates without a zone; other types as they are. Raises
    ArrowInvalid."""
    if not pa.types.is_string(column.type):
        return column
    try:
        return column.cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        return column.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))


def are_dates(values: pa.Array) -> bool:
    """Whether texts, one at least, are all dates in ISO 8601's form. Nulls are passed over."""
    try:
        return bool(parse_dates(values.cast(pa.string())).null_count < len(values))
    except pa.ArrowInvalid:
        return False


def find_date_columns(table: Table) -> list[str]:
    """The columns of text that hold nothing but dates in ISO 8601's form."""
    texts = [column["name"] for column in table.description if column["type"] == "text"]
    return [name for name in texts if table.rows and _all_dates(table, name)]


def _all_dates(table: Table, name: str) -> bool:
    columns = [batch.column(0) for batch in table.batches([name])]
    known = [values for column in columns if len(values := column.drop_null())]
    return bool(known) and all(map(are_dates, known))
