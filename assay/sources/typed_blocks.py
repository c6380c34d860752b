"""Blocks from columns that have types of their own: JSON, databases, Parquet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.errors import SourceError
from assay.sources.blocks import MalformedRow, RowBlock
from assay.sources.missing_marks import null_marked_values
from assay.sources.python_values import column_from_values


def block_from_columns(
    columns: Mapping[str, Sequence[Any]],
    lines: NDArray[np.int64],
    marks: Sequence[str],
    location: str,
    malformed: Sequence[MalformedRow] = (),
) -> RowBlock:
    """A block from columns of Python values. Raises SourceError for values no table holds."""
    arrays, kinds = {}, {}
    for name, values in columns.items():
        try:
            arrays[name], kinds[name] = column_from_values(null_marked_values(values, marks))
        except TypeError as error:
            raise unsupported_column_error(name, str(error), location) from None
        except OverflowError:
            raise _far_date_error(name, values, lines, location) from None
    rows = pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))
    return RowBlock(lines, rows, malformed, kinds)


def _far_date_error(
    column: str, values: Sequence[Any], lines: NDArray[np.int64], location: str
) -> SourceError:
    """The error for a moment whose zone moves it out of the years that Python knows."""
    row, value = next(
        (row, value) for row, value in zip(lines, values, strict=True) if _is_far(value)
    )
    return SourceError(
        f"row {row:,} of column {column!r} holds {value}, which lies outside of the years 1 to 9999"
        " in UTC",
        where=location,
        remedy="Make such a date missing in the query: NULLIF, or CASE WHEN ... THEN NULL.",
    )


def _is_far(value: Any) -> bool:
    if isinstance(value, datetime) and value.tzinfo is not None:
        try:
            value.astimezone(UTC)
        except OverflowError:
            return True
    return False


def unsupported_column_error(column: str, kind: str, location: str) -> SourceError:
    """The error for a column that is nested, or bytes, or a time without a day."""
    return SourceError(
        f"column {column!r} holds values of type {kind}, which no table of rows can hold",
        where=location,
        remedy=f"Flatten it into plain columns first, or drop it with never_store: [{column}].",
    )
