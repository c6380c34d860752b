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

from assay import canonical
from assay.artifacts import Artifact
from assay.bucket import Bucket
from assay.digest import Digest
from assay.errors import IntegrityError
from assay.living.label_rows import UNIT
from assay.ordered import common, distinct, share
from assay.tables.read import Table

Integers = NDArray[np.int64]

_STAGE: Final = "units"
_KIND: Final = "application/vnd.assay.units.v1"
_EIGHT: Final = 8
_LARGEST: Final = 64  # tables in one piece: it is held in memory


def units_in(bucket: Bucket, table: Artifact) -> Integers:
    """The different units of a table that has a column of them, ascending (int64).

    Raises ObjectMissing, ObjectCorrupt.
    """

    def made() -> Integers:
        parts = [b.column(0).to_numpy() for b in Table.read(bucket, table).batches([UNIT])]
        return distinct(np.concatenate(parts)) if parts else np.empty(0, np.int64)

    return _kept(bucket, str(table.digest), made, f"units of {table.name}")


def standing(bucket: Bucket, tables: Sequence[Artifact], units: Integers) -> NDArray[np.bool_]:
    """Which of `units`, which ascend, stand in any of the tables. What is only ever added to is
    asked fastest.
    """
    found = np.zeros(len(units), bool)
    for piece in _pieces(tables) if len(units) else ():
        found |= common(units, _units(bucket, piece))
    return found


def sharing(bucket: Bucket, tables: Sequence[Artifact], units: Integers) -> list[bool]:
    """Of each table, whether it has any of `units`, which ascend."""
    if not len(units):
        return [False] * len(tables)
    return [shares for piece in _pieces(tables) for shares in _shares(bucket, piece, units)]


def _shares(bucket: Bucket, piece: Sequence[Artifact], units: Integers) -> list[bool]:
    if not share(units, _units(bucket, piece)):
        return [False] * len(piece)
    if len(piece) == 1:
        return [True]
    return [shares for part in _eighths(piece) for shares in _shares(bucket, part, units)]


def _pieces(tables: Sequence[Artifact]) -> Iterator[Sequence[Artifact]]:
    """The tables in as few pieces as there can be, of 64, 8 and one."""
    start, size = 0, _LARGEST
    while start < len(tables):
        while start + size > len(tables):
            size //= _EIGHT
        yield tables[start : start + size]
        start += size


def _eighths(piece: Sequence[Artifact]) -> Iterator[Sequence[Artifact]]:
    size = len(piece) // _EIGHT
    return (piece[start : start + size] for start in range(0, len(piece), size))


def _units(bucket: Bucket, piece: Sequence[Artifact]) -> Integers:
    if len(piece) == 1:
        return units_in(bucket, piece[0])

    def made() -> Integers:
        return distinct(np.concatenate([_units(bucket, part) for part in _eighths(piece)]))

    return _kept(bucket, [str(t.digest) for t in piece], made, f"units of {len(piece)} tables")


def _kept(bucket: Bucket, of: str | list[str], make: Callable[[], Integers], name: str) -> Integers:
    made_of = {"stage": _STAGE, "form": _KIND, "of": of}
    key = Digest.of(canonical.dump(made_of))
    if entry := bucket.memo.find(_STAGE, key):
        try:
            kept = bucket.get(Artifact.model_validate(entry["outputs"]["made"]))
            return np.frombuffer(kept, dtype="<i8").astype(np.int64, copy=False)
        except IntegrityError:
            bucket.memo.forget(_STAGE, key)
    units = make()
    made = bucket.put(units.astype("<i8").tobytes(), _KIND, name)
    told: dict[str, Any] = {"components": made_of, "needs": [str(made.digest)]}
    bucket.memo.remember(_STAGE, key, told | {"outputs": {"made": made.as_json()}})
    return units
