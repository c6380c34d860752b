"""The units of a stored table, in order: which rows two tables share is found without their rows.

Kept in the bucket as an object of eight bytes a unit, found again through the memo by the digest
of the table; safe to lose.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay import canonical
from assay.artifacts import Artifact
from assay.bucket import Bucket
from assay.digest import Digest
from assay.living.label_rows import UNIT
from assay.tables import Table

Integers = NDArray[np.int64]

_STAGE: Final = "units"
_KIND: Final = "application/vnd.assay.units.v1"


def units_in(bucket: Bucket, table: Artifact) -> Integers:
    """The different units of a table that has a column of them, ascending (int64).

    Raises ObjectMissing, ObjectCorrupt.
    """
    made_of = {"stage": _STAGE, "form": _KIND, "of": str(table.digest)}
    key = Digest.of(canonical.dump(made_of))
    if entry := bucket.remembered(_STAGE, key):
        kept = Artifact.model_validate(entry["outputs"]["made"])
        return np.frombuffer(bucket.get(kept), dtype="<i8").astype(np.int64, copy=False)
    parts = [b.column(0).to_numpy() for b in Table.read(bucket, table).batches([UNIT])]
    units: Integers = np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)
    made = bucket.put(units.astype("<i8").tobytes(), _KIND, f"units of {table.name}")
    told: dict[str, Any] = {"components": made_of, "needs": [str(made.digest)]}
    bucket.memo.remember(_STAGE, key, told | {"outputs": {"made": made.as_json()}})
    return units


def among(units: Integers, ordered: Integers) -> NDArray[np.bool_]:
    """Which of `units` are among others that ascend."""
    if not len(ordered):
        return np.zeros(len(units), bool)
    place = np.searchsorted(ordered, units).clip(max=len(ordered) - 1)
    found: NDArray[np.bool_] = ordered[place] == units
    return found


def share(one: Integers, other: Integers) -> bool:
    """Whether two ascending lists of units have any in common."""
    few, many = sorted((one, other), key=len)
    return bool(among(few, many).any())
