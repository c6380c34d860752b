"""Whether a cell holds a value that a person wrote into a use case."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def match_value(column: pa.ChunkedArray | pa.Array, value: str | float | bool) -> np.ndarray:
    """Bool array, one entry a row: is it this value? A missing value is null: mind it."""
    kind = column.type
    numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    if numeric and isinstance(value, int | float):
        found = pc.equal(column.cast(pa.float64(), safe=False), float(value))
    elif pa.types.is_boolean(kind):
        # YAML's 1 and "true" mean the same as true here.
        word = str(value).lower()
        found = pc.equal(column, word in {"true", "1"}) if word in _BOOLEANS else None
    else:
        found = pc.equal(column.cast(pa.string()), str(value))
    if found is None:
        return np.zeros(len(column), dtype=bool)
    matches: np.ndarray = found.to_numpy(zero_copy_only=False)
    return matches


_BOOLEANS = frozenset({"true", "false", "1", "0"})
