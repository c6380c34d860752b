"""Blocks from columns that have types of their own: JSON, databases, Parquet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.errors import SourceError
from assay.sources.blocks import Block, Malformed
from assay.sources.marks import without_values
from assay.sources.values import as_column


def block_of(
    columns: Mapping[str, Sequence[Any]],
    lines: NDArray[np.int64],
    marks: Sequence[str],
    where: str,
    malformed: Sequence[Malformed] = (),
) -> Block:
    """A block from columns of Python values. Raises SourceError for values no table holds."""
    arrays, kinds = {}, {}
    for name, values in columns.items():
        try:
            arrays[name], kinds[name] = as_column(without_values(values, marks))
        except TypeError as error:
            raise unfit(name, str(error), where) from None
    rows = pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))
    return Block(lines, rows, malformed, kinds)


def unfit(column: str, kind: str, where: str) -> SourceError:
    """The error for a column that is nested, or bytes, or a time without a day."""
    return SourceError(
        f"column {column!r} holds values of type {kind}, which no table of rows can hold",
        where=where,
        remedy=f"Flatten it into plain columns first, or drop it with never_store: [{column}].",
    )
