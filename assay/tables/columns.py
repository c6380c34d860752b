"""The six kinds of columns a table may hold, and how Arrow's many types become one of them.

A small vocabulary keeps every reader simple, and keeps a column's kind when its source changes
between, say, 32 and 64 bits.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from assay.errors import DataError

ARROW_TYPES: Final[dict[str, pa.DataType]] = {
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "text": pa.string(),
    "date": pa.timestamp("us"),  # UTC, without a zone
    "category": pa.dictionary(pa.int32(), pa.string()),
}
MAX_NUMBER: Final = 1e30
"""Numbers beyond are learnt as this one: 32 bits hold it, and 64 bits sums of its square."""
_CATEGORIES: Final = b"assay.categories"
_MICROSECONDS: Final = {"D": 86_400 * 10**6, "s": 10**6, "ms": 1000, "us": 1}
_FIRST_DATE: Final = -62_135_596_800 * 10**6  # the year 1 begins, in microseconds since 1970
_LAST_DATE: Final = 253_402_300_800 * 10**6 - 1  # the year 9999 ends


def column_field(
    name: str, kind: str, categories: Sequence[str] | None = None, *, nullable: bool = True
) -> pa.Field:
    """A column of a kind in `ARROW_TYPES`. A category column lists its values, in order."""
    if kind != "category":
        return pa.field(name, ARROW_TYPES[kind], nullable)
    held = json.dumps(list(categories or []), ensure_ascii=False)
    return pa.field(name, ARROW_TYPES[kind], nullable, metadata={_CATEGORIES: held})


def field_categories(column: pa.Field) -> list[str] | None:
    """The values that a category column may hold, in their order; None for other columns."""
    if not column.metadata or _CATEGORIES not in column.metadata:
        return None
    held: list[str] = json.loads(column.metadata[_CATEGORIES])
    return held


def column_kind(kind: pa.DataType) -> str:
    """The table's word for an Arrow type. Raises TypeError for nested, binary and time types.

    A dictionary is how values are coded, not what they are: it has the kind of its values.
    """
    t = pa.types
    if t.is_dictionary(kind):
        return column_kind(kind.value_type)
    if t.is_boolean(kind):
        return "boolean"
    if t.is_integer(kind) or (t.is_decimal(kind) and kind.scale == 0 and kind.precision <= 18):
        return "integer"
    if t.is_floating(kind) or t.is_decimal(kind):
        return "number"
    if t.is_date(kind) or t.is_timestamp(kind):
        return "date"
    if t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind) or t.is_null(kind):
        return "text"
    raise TypeError(str(kind))


def normalize_schema(schema: pa.Schema) -> pa.Schema:
    """The schema in the table's own types, without foreign metadata. Raises DataError."""
    return pa.schema([_normalize_field(column) for column in schema])


def _normalize_field(column: pa.Field) -> pa.Field:
    values = field_categories(column)
    if values is not None:
        return column_field(column.name, "category", values, nullable=column.nullable)
    try:
        return column_field(column.name, column_kind(column.type), nullable=column.nullable)
    except TypeError as error:
        raise DataError(
            f"a table cannot hold column {column.name!r} of type {error}",
            remedy="Tables hold integers, numbers, booleans, text, dates and categories.",
        ) from None


def conform_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch in the types of a `normalize_schema` schema; text may stay dictionary-coded.

    NaN becomes null: a table knows one way of missing. Raises DataError where values would be
    lost.
    """
    arrays = []
    for column in schema:
        try:
            arrays.append(_conform_array(batch.column(column.name), column.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, KeyError) as error:
            raise DataError(f"column {column.name!r} does not fit its type: {error}") from None
    fields = [column.with_type(array.type) for column, array in zip(schema, arrays, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _conform_array(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind) or pa.types.is_dictionary(kind):
        return _as_text(array)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_timestamp(kind):
        return _as_dates(array) if column_kind(array.type) == "date" else array.cast(kind)
    if pa.types.is_floating(kind):
        array = array.cast(kind, safe=False)  # an integer beyond 2**53 is rounded, as declared
        return pc.if_else(pc.is_nan(array), pa.scalar(None, kind), array)
    return array.cast(kind)


def _as_dates(array: pa.Array) -> pa.Array:
    dates = cast_dates(array)
    if dates.null_count > array.null_count:
        raise pa.ArrowInvalid("it holds a date outside of the years 1 to 9999")
    return dates


def cast_dates(array: pa.Array) -> pa.Array:
    """Days and moments as the table's dates, in UTC. Finer than a microsecond is cut off. Null
    where a date lies outside of the years 1 to 9999, which are all that Python can write.
    """
    kind = array.type
    if pa.types.is_date32(kind):
        unit, counts = "D", array.cast(pa.int32()).cast(pa.int64())
    else:  # the zone of a moment only says how to show it
        unit, counts = "ms" if pa.types.is_date64(kind) else kind.unit, array.cast(pa.int64())
    if unit == "ns":  # 64 bits of them reach from 1677 to 2262
        return pc.divide(counts, 1000).cast(ARROW_TYPES["date"])
    microseconds = _MICROSECONDS[unit]
    within = pc.and_(
        pc.greater_equal(counts, _FIRST_DATE // microseconds),
        pc.less_equal(counts, _LAST_DATE // microseconds),
    )
    counts = pc.if_else(within, counts, pa.scalar(None, pa.int64()))
    return pc.multiply(counts, microseconds).cast(ARROW_TYPES["date"])


def _as_text(array: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(array.type) and not pa.types.is_string(array.type.value_type):
        array = array.dictionary_decode()
    return array if pa.types.is_dictionary(array.type) else array.cast(pa.string())


def decode_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch as it is stored: text and categories as plain strings, whatever their coding.

    Raises DataError for a value that is none of its column's categories.
    """
    arrays = []
    for array, column in zip(batch.columns, schema, strict=True):
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()  # noqa: PLW2901 - the same column, decoded
        if (values := field_categories(column)) is not None:
            _check_categories(array, column.name, values)
        arrays.append(array)
    return pa.RecordBatch.from_arrays(arrays, schema=parquet_schema(schema))


def parquet_schema(schema: pa.Schema) -> pa.Schema:
    """The schema of a part's Parquet file."""
    return pa.schema([pa.field(c.name, _stored_type(c.type), c.nullable) for c in schema])


def _stored_type(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_dictionary(kind) else kind


def restore_types(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A stored part in the table's schema: categories with all their values, in order."""
    arrays = [
        _encode_categories(table.column(c.name), field_categories(c) or [])
        if pa.types.is_dictionary(c.type)
        else table.column(c.name).cast(c.type)
        for c in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _encode_categories(column: pa.ChunkedArray, values: list[str]) -> pa.ChunkedArray:
    known = pa.array(values, pa.string())
    chunks = [
        pa.DictionaryArray.from_arrays(pc.index_in(chunk, value_set=known), known)
        for chunk in column.chunks
    ]
    return pa.chunked_array(chunks, ARROW_TYPES["category"])


def _check_categories(array: pa.Array, name: str, values: list[str]) -> None:
    known = pc.is_in(array, value_set=pa.array(values, pa.string()), skip_nulls=True)
    foreign = array.filter(pc.and_(pc.is_valid(array), pc.invert(known)))
    if len(foreign):
        raise DataError(
            f"column {name!r} holds {foreign[0].as_py()!r}, which is none of its categories"
        )


def describe_schema(schema: pa.Schema) -> list[dict[str, Any]]:
    """A `normalize_schema` schema as JSON."""
    described = []
    for column in schema:
        values = field_categories(column)
        kind = "category" if values is not None else column_kind(column.type)
        entry: dict[str, Any] = {"name": column.name, "type": kind, "nullable": column.nullable}
        described.append(entry | ({} if values is None else {"categories": values}))
    return described


def schema_from_description(described: Sequence[dict[str, Any]]) -> pa.Schema:
    """The schema that `describe_schema` described. Raises KeyError for a kind it does not know."""
    return pa.schema(
        [
            column_field(c["name"], c["type"], c.get("categories"), nullable=c["nullable"])
            for c in described
        ]
    )
