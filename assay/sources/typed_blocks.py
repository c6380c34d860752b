"""Blocks from columns that have types of their own: JSON, databases, Parquet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    rows = pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))
    return RowBlock(lines, rows, malformed, kinds)


def unsupported_column_error(column: str, kind: str, location: str) -> SourceError:
    """The error for a column that is nested, or bytes, or a time without a day."""
    return SourceError(
        f"column {column!r} holds values of type {kind}, which no table of rows can hold",
        where=location,
        remedy=f"Flatten it into plain columns first, or drop it with never_store: [{column}].",
    )
