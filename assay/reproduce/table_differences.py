"""How two tables differ: columns, rows, values."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.tables.rowhash import row_hashes
from assay.tables.table import Table
from assay.util.wording import row_number

_MAX_ROWS = 3  # rows of a column that are told with both values


def table_differences(before: Table, after: Table) -> list[str]:
    """Lines about columns that were added, removed or retyped, rows that were added or removed,
    and, by column, how many rows hold another value at the same place.

    Tables of equal length are read into memory one column at a time.
    """
    lines = _column_changes(before, after)
    if before.rows != after.rows:
        return [*lines, *_row_changes(before, after)]
    shared = [name for name in before.schema.names if name in after.schema.names]
    for name in shared:
        lines += _value_changes(name, _read_column(before, name), _read_column(after, name))
    return lines or _layout_change(before, after)


def _column_changes(before: Table, after: Table) -> list[str]:
    old, new = ({entry["name"]: entry for entry in table.description} for table in (before, after))
    lines = [f"column {name} is gone" for name in old if name not in new]
    lines += [f"column {name} is new" for name in new if name not in old]
    for name in old:
        if name in new and old[name] != new[name]:
            lines.append(f"column {name}: {_type_text(old[name])} -> {_type_text(new[name])}")
    if not lines and list(old) != list(new):
        lines.append(f"its columns stand in another order: {', '.join(new)}")
    return lines


def _type_text(entry: dict[str, object]) -> str:
    known = ("name", "nullable")
    details = {key: value for key, value in entry.items() if key not in known}
    return f"{details.pop('type')}{f' {details}' if details else ''}"


def _row_changes(before: Table, after: Table) -> list[str]:
    """Which rows were added and removed, by their hashes, where the columns are the same."""
    lines = [f"{before.rows:,} rows -> {after.rows:,} rows"]
    if before.schema.names != after.schema.names:
        return lines
    old, new = _row_hash_counts(before), _row_hash_counts(after)
    gone = sum(max(count - new.get(key, 0), 0) for key, count in old.items())
    come = sum(max(count - old.get(key, 0), 0) for key, count in new.items())
    return [*lines, f"{gone:,} of the recorded rows are gone, {come:,} rows are new"]


def _row_hash_counts(table: Table) -> dict[int, int]:
    hashes = [row_hashes(batch) for batch in table.batches()]
    keys, counts = np.unique(np.concatenate(hashes or [np.empty(0, np.uint64)]), return_counts=True)
    return dict(zip(keys.tolist(), counts.tolist(), strict=True))


def _read_column(table: Table, name: str) -> pa.ChunkedArray:
    column = table.to_arrow([name]).column(0)
    if pa.types.is_dictionary(column.type):
        return column.cast(column.type.value_type)
    return column


def _value_changes(name: str, before: pa.ChunkedArray, after: pa.ChunkedArray) -> list[str]:
    if before.type != after.type:
        return []  # told of already
    unlike = np.asarray(~_equal_mask(before, after))
    if not unlike.any():
        return []
    places = np.flatnonzero(unlike)
    line = f"column {name}: {len(places):,} of {len(unlike):,} rows differ"
    if pa.types.is_floating(before.type) or pa.types.is_integer(before.type):
        far = pc.max(
            pc.abs(pc.subtract(after.cast("float64"), before.cast("float64"))).filter(unlike)
        )
        line += f", by at most {far.as_py():.3g}" if far.is_valid else ""
    shown = [
        f"row {row_number(p):,}: {before[p].as_py()!r} -> {after[p].as_py()!r}"
        for p in places[:_MAX_ROWS]
    ]
    return [f"{line} ({'; '.join(shown)}{'; ...' if len(places) > _MAX_ROWS else ''})"]


def _equal_mask(before: pa.ChunkedArray, after: pa.ChunkedArray) -> np.ndarray:
    """Bool, one a row: whether both hold the same value, or both none."""
    same = pc.fill_null(pc.equal(before, after), False)
    both = pc.and_(pc.is_null(before, nan_is_null=True), pc.is_null(after, nan_is_null=True))
    found: np.ndarray = pc.or_(same, both).to_numpy().astype(bool)
    return found


def _layout_change(before: Table, after: Table) -> list[str]:
    told = (
        "the same columns and rows, in other bytes: the library that writes Parquet, or the way "
        f"that rows are cut into parts ({len(before.parts)} -> {len(after.parts)}), differs"
    )
    return [told]
