"""Where a table is cut into parts: after rows whose own hash says so.

Because a boundary depends on one row alone (and on how far back the last one lies), rows that
are appended move no earlier boundary, and rows that go at the front move only those up to the
next boundary that both tables share.

Source: Muthitacharoen, Chen, Mazieres, "A low-bandwidth network file system", SOSP 2001, on
rows instead of bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from assay.tables.rowhash import ALGORITHM, Hashes, row_hashes

_PART_CELLS_LOG2: Final = 20  # a part holds about 2**20 cells
_MIN_TARGET_LOG2: Final = 12
_MAX_TARGET_LOG2: Final = (
    15  # with twice that, 10M rows that slid by 1 % put up to 5 % into new parts
)


@dataclass(frozen=True, slots=True)
class CutRule:
    """Rows a part: `target` (a power of two) decides how often a hash allows a boundary."""

    target: int
    minimum: int
    maximum: int

    @classmethod
    def for_columns(cls, columns: int) -> CutRule:
        """The cut of a table with that many columns."""
        power = round(_PART_CELLS_LOG2 - math.log2(max(columns, 1)))
        target = 1 << min(max(power, _MIN_TARGET_LOG2), _MAX_TARGET_LOG2)
        return cls(target, target // 4, target * 4)

    def boundaries(self, hashes: Hashes, open_rows: int = 0) -> Iterator[int]:
        """Positions after which to cut: i for a cut between rows i-1 and i of these.

        `open_rows` rows of the part that is open stand ahead of these.
        """
        # The high bits, so that a split by the low ones does not skew the parts.
        allowed = np.flatnonzero(hashes >> np.uint64(65 - self.target.bit_length()) == 0) + 1
        start, end = -open_rows, len(hashes)
        while True:
            first = np.searchsorted(allowed, start + self.minimum)
            stop = int(allowed[first]) if first < len(allowed) else end + 1
            stop = min(stop, start + self.maximum)
            if stop > end:
                return
            yield stop
            start = stop

    def as_json(self) -> dict[str, Any]:
        return {"hash": ALGORITHM, **asdict(self)}


def split_into_parts(
    batches: Iterable[pa.RecordBatch], cut: CutRule
) -> Iterator[list[pa.RecordBatch]]:
    """The rows part by part, each part a list of batches. Holds one part at a time."""
    open_: list[pa.RecordBatch] = []
    held = 0
    for batch in batches:
        start = 0
        for stop in cut.boundaries(row_hashes(batch), held):
            yield [*open_, batch.slice(start, stop - start)]
            open_, held, start = [], 0, stop
        if start < batch.num_rows:
            rest = batch.slice(start)
            open_.append(rest)
            held += rest.num_rows
    if open_:
        yield open_
