"""How much each row of a table counts, by the column that the use case names.

Sampling weights matter by their ratios alone, so they are scaled to a mean of one over the training
rows: no learner then sees in which unit they were written, and `min_samples_leaf` and penalties
mean what they mean without weights. They are rounded to the precision of 32 bits, so that the same
weights in another unit are the same numbers. Frequencies are counts and stay as they are.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.config.row_weight import RowWeight
from assay.config.use_case import UseCase
from assay.errors import DataError
from assay.tables.table import Table

WEIGHT_COLUMN: Final = "weight"
"""The column of a candidate's answers that holds the weights, where the use case has some."""
MAX_REPEATED_ROWS: Final = 20_000_000
"""Rows that frequencies may stand for: gates judge them one by one."""
_MOST_LISTED: Final = 5

Floats = NDArray[np.float64]


def read_row_weights(table: Table, test: np.ndarray, use_case: UseCase) -> Floats | None:
    """Each row's weight, float64; None where the use case names no column of weights.

    `test` is bool, one entry a row of `table`: the scale is that of the other rows, the training
    rows. Raises DataError for weights that are none.
    """
    declared = use_case.data.weight
    if declared is None:
        return None
    found = weight_values(table.to_arrow([declared.column])[declared.column], declared)
    if declared.kind == "frequency":
        return found
    mean = float(found[~test].mean())
    scaled = found / mean if mean > 0 else found
    return scaled.astype(np.float32).astype(np.float64)


def weight_values(column: pa.ChunkedArray, declared: RowWeight) -> Floats:
    """The weights of a column, float64, none negative.

    Raises DataError, with the numbers of the first rows, for a column of no numbers, for weights
    that are missing, negative or infinite, where all are 0, and for frequencies that are no counts.
    """
    name, kind = declared.column, column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise DataError(
            f"the column of weights {name!r} holds no numbers, but {_kind_text(kind)}",
            where="data.weight",
            remedy=f"Name a column of numbers, or declare data.types: {{{name}: number}}.",
        )
    absent = pc.is_null(column, nan_is_null=True).to_numpy()
    values: Floats = pc.fill_null(column.cast(pa.float64(), safe=False), 0.0).to_numpy()
    problems = {
        "have no weight": absent,
        "have a negative weight": ~absent & (values < 0),
        "have an infinite weight": ~absent & np.isinf(values),
    }
    if declared.kind == "frequency":
        fraction = np.isfinite(values) & (values != np.floor(values))
        problems["have a frequency that is no whole number"] = ~absent & fraction
    for said, odd in problems.items():
        if odd.any():
            raise _row_error(name, said, np.asarray(odd))
    if not values.any():
        raise DataError(
            f"every weight in {name!r} is 0: no row counts",
            where="data.weight",
            remedy="Name another column, or leave data.weight out.",
        )
    if declared.kind == "frequency" and values.sum() > MAX_REPEATED_ROWS:
        raise DataError(
            f"the frequencies in {name!r} stand for {values.sum():,.0f} rows, and at most "
            f"{MAX_REPEATED_ROWS:,} are judged one by one",
            where="data.weight",
            remedy="If they say how many members of the population a row stands for, write "
            "`kind: sampling`; else draw a sample of the rows.",
        )
    return values


def _kind_text(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "true and false"
    return "dates" if pa.types.is_timestamp(kind) else "text"


def _row_error(name: str, said: str, odd: np.ndarray) -> DataError:
    rows = np.flatnonzero(odd) + 1
    shown = ", ".join(f"{row:,}" for row in rows[:_MOST_LISTED])
    more = f" and {len(rows) - _MOST_LISTED:,} more" if len(rows) > _MOST_LISTED else ""
    return DataError(
        f"{len(rows):,} of {len(odd):,} rows {said} in {name!r} (table rows {shown}{more})",
        where="data.weight",
        remedy=f"Mend the source, or leave such rows out: data.where: {name} > 0.",
    )
