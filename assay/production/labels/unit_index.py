"""The units of stored tables, in order: which rows two tables share is found without their rows.

Kept in the bucket as objects of eight bytes a unit, found again through the memo by the digests of
the tables; safe to lose. Of many tables, each eight in a row, and each eight such rows, are kept
in one piece too: to ask all of them takes a sixty-fourth of the requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.bucket import canonical_json
from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.errors import IntegrityError
from assay.production.labels.label_reader import UNIT
from assay.tables.table import Table
from assay.util.sorted_arrays import arrays_intersect, isin_both_sorted, sorted_unique

Integers = NDArray[np.int64]

_STAGE: Final = "units"
_MEDIA_TYPE: Final = "application/vnd.assay.units.v1"
_FAN_OUT: Final = 8
_MAX_PIECE: Final = 64  # tables in one piece: it is held in memory


def table_units(bucket: Bucket, table: Artifact) -> Integers:
    """The different units of a table that has a column of them, ascending (int64).

    Raises ObjectMissing, ObjectCorrupt.
    """

    def build() -> Integers:
        parts = [b.column(0).to_numpy() for b in Table.read(bucket, table).batches([UNIT])]
        return sorted_unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)

    return _load_or_build(bucket, str(table.digest), build, f"units of {table.name}")


def match_units(bucket: Bucket, tables: Sequence[Artifact], units: Integers) -> NDArray[np.bool_]:
    """Which of `units`, which ascend, stand in any of the tables. What is only ever added to is
    asked fastest.
    """
    found = np.zeros(len(units), bool)
    for piece in _pieces(tables) if len(units) else ():
        found |= isin_both_sorted(units, _piece_units(bucket, piece))
    return found


def match_tables(bucket: Bucket, tables: Sequence[Artifact], units: Integers) -> list[bool]:
    """Of each table, whether it has any of `units`, which ascend."""
    if not len(units):
        return [False] * len(tables)
    return [shares for piece in _pieces(tables) for shares in _match_piece(bucket, piece, units)]


def _match_piece(bucket: Bucket, piece: Sequence[Artifact], units: Integers) -> list[bool]:
    if not arrays_intersect(units, _piece_units(bucket, piece)):
        return [False] * len(piece)
    if len(piece) == 1:
        return [True]
    return [shares for part in _eighths(piece) for shares in _match_piece(bucket, part, units)]


def _pieces(tables: Sequence[Artifact]) -> Iterator[Sequence[Artifact]]:
    """The tables in as few pieces as there can be, of 64, 8 and one."""
    start, size = 0, _MAX_PIECE
    while start < len(tables):
        while start + size > len(tables):
            size //= _FAN_OUT
        yield tables[start : start + size]
        start += size


def _eighths(piece: Sequence[Artifact]) -> Iterator[Sequence[Artifact]]:
    size = len(piece) // _FAN_OUT
    return (piece[start : start + size] for start in range(0, len(piece), size))


def _piece_units(bucket: Bucket, piece: Sequence[Artifact]) -> Integers:
    if len(piece) == 1:
        return table_units(bucket, piece[0])

    def build() -> Integers:
        return sorted_unique(
            np.concatenate([_piece_units(bucket, part) for part in _eighths(piece)])
        )

    return _load_or_build(
        bucket, [str(t.digest) for t in piece], build, f"units of {len(piece)} tables"
    )


def _load_or_build(
    bucket: Bucket, of: str | list[str], make: Callable[[], Integers], name: str
) -> Integers:
    made_of = {"stage": _STAGE, "form": _MEDIA_TYPE, "of": of}
    key = Digest.of_bytes(canonical_json.dump(made_of))
    if entry := bucket.memo.find(_STAGE, key):
        try:
            kept = bucket.get(Artifact.model_validate(entry["outputs"]["made"]))
            return np.frombuffer(kept, dtype="<i8").astype(np.int64, copy=False)
        except IntegrityError:
            bucket.memo.forget(_STAGE, key)
    units = make()
    made = bucket.put(units.astype("<i8").tobytes(), _MEDIA_TYPE, name)
    told: dict[str, Any] = {"components": made_of, "needs": [str(made.digest)]}
    bucket.memo.remember(_STAGE, key, told | {"outputs": {"made": made.as_json()}})
    return units
