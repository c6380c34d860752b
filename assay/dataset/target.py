"""The target: which rows are positive."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.config.data import Target
from assay.errors import DataError, suggest_name
from assay.tables.table import Table
from assay.tables.value_match import match_value

UNLABELLED_REMEDY: Final = (
    "Rows without an outcome can neither teach nor test: add `unlabelled: leave_out` under"
    " data.target to leave them out, or bring their outcomes."
)


def read_labels(table: Table, target: Target) -> np.ndarray:
    """Bool array, one entry a row: is it positive?

    Raises DataError when the column is absent, holds nulls, is always or never positive, holds no
    numbers where `target.above` asks for them, or a value that `target.negative` does not list.
    """
    return labels_from_column(table.to_arrow([target.column])[target.column], target)


def labels_from_column(column: pa.ChunkedArray, target: Target) -> np.ndarray:
    """The same of the target's column alone, whatever table it comes from."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not len(column):
        raise DataError("the table has no rows")
    if column.null_count:
        raise unlabelled_error(column.null_count, len(column), target)
    if target.negative:
        _require_known_values(column, target)
    positive = match_outcome(column, target)
    if positive.all() or not positive.any():
        raise _one_class_error(column, target, bool(positive.any()))
    return positive


def _require_known_values(column: pa.ChunkedArray, target: Target) -> None:
    """Raise DataError for values that mean neither yes nor no."""
    different = column.unique()
    listed = [value for value in (target.positive, *target.negative) if value is not None]
    known = [match_value(different, value) for value in listed]
    if odd := different.filter(pa.array(~np.logical_or.reduce(known))).to_pylist():
        shown = ", ".join(repr(value) for value in odd[:10]) + (", ..." if odd[10:] else "")
        raise DataError(
            f"{target.column!r} holds {shown}, which the use case calls neither positive nor"
            " negative",
            remedy="List it under data.target.negative if it means no; if it is no outcome, leave"
            " such rows out of the source.",
        )


def unlabelled_error(missing: int, rows: int, target: Target) -> DataError:
    """The error that says how many rows have no outcome."""
    return DataError(
        f"{missing} of {rows} rows have no {target.column!r}",
        remedy=UNLABELLED_REMEDY,
    )


def no_label_error(target: Target) -> DataError:
    """The error that says that no row has an outcome."""
    return DataError(
        f"no row has a label in {target.column!r}", remedy="Bring rows with an outcome."
    )


def match_outcome(column: pa.ChunkedArray | pa.Array, target: Target) -> np.ndarray:
    """Bool array, one entry a row: is this outcome positive? A missing value is null: mind it.

    Raises DataError for a column without numbers where `target.above` asks for them.
    """
    if target.positive is not None:
        return match_value(column, target.positive)
    if not _is_numeric(column.type):
        raise DataError(
            f"{target.column!r} holds {column.type} values, and `above: {target.above:g}` asks for"
            " numbers",
            remedy="Name the value that means yes as `positive`, or read the column as numbers"
            " (data.types, source.decimal).",
        )
    above: np.ndarray = pc.greater(column.cast(pa.float64(), safe=False), target.above).to_numpy(
        zero_copy_only=False
    )
    return above


def _is_numeric(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def _one_class_error(column: pa.ChunkedArray, target: Target, always: bool) -> DataError:
    if always:
        return DataError(
            f"every row has {target.outcome_text}: there is nothing to tell apart",
            remedy="Add rows with another outcome.",
        )
    return DataError(
        f"no row has {target.outcome_text}: there is nothing to tell apart",
        remedy=_present_values_hint(column, target),
    )


def _present_values_hint(column: pa.ChunkedArray, target: Target) -> str | None:
    if target.above is not None:
        return f"The largest is {pc.max(column).as_py():g}: set data.target.above below it."
    values = sorted(str(value) for value in column.unique().slice(0, 20).to_pylist())
    return suggest_name(str(target.positive), values, f"It holds: {', '.join(values)}.")
