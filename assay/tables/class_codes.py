"""Which of the target's classes each row has."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.config.data import Target
from assay.errors import DataError
from assay.tables.value_match import match_value


def class_codes(column: pa.ChunkedArray | pa.Array, target: Target) -> np.ndarray:
    """The place of each row's class in `target.classes`, from 0, int64; -1 for any other value and
    for a missing one.

    Raises DataError for two classes that are one value here, as 1 and 1.0 are among numbers.
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    different = pc.unique(column).drop_null()
    code_of = np.full(len(different) + 1, -1, dtype=np.int64)
    for code, value in enumerate(target.classes):
        found = np.flatnonzero(match_value(different, value))
        if (taken := code_of[found].max(initial=-1)) >= 0:
            raise DataError(
                f"the classes {target.class_labels[taken]!r} and {target.class_labels[code]!r} are"
                f" the same value in {target.column!r}",
                remedy="Name it once under data.target.classes.",
            )
        code_of[found] = code
    place = pc.fill_null(pc.index_in(column, value_set=different), len(different))
    codes: np.ndarray = code_of[np.asarray(place)]
    return codes
