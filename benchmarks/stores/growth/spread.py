"""How much of a table's rows a change puts into new parts, over many tables.

Where parts end depends on the rows' hashes alone, so 64-bit numbers at random stand for the rows:
as many tables as one likes, cut by Assay's own rule, and nothing need be encoded.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.tables.part_boundaries import CutRule

Hashes = NDArray[np.uint64]
ROWS = 10_000_000
COLUMNS = 16


@dataclass(frozen=True, slots=True)
class Spread:
    """Shares of the rows that lie in new parts: on average, in the worst of `tables`."""

    tables: int
    mean: float
    worst: float


def spread(tables: int, rows: int = ROWS, columns: int = COLUMNS) -> dict[str, Spread]:
    """By change, over so many tables of that many rows and columns."""
    cut = CutRule.for_columns(columns)
    found: dict[str, list[float]] = {}
    for seed in range(tables):
        for change, share in _one(seed, rows, cut).items():
            found.setdefault(change, []).append(share)
    return {
        change: Spread(tables, statistics.fmean(shares), max(shares))
        for change, shares in found.items()
    }


def _one(seed: int, rows: int, cut: CutRule) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    some = rows // 100
    hashes = rng.integers(0, 2**64, rows + some, np.uint64)
    base = hashes[:rows]
    anywhere, newest = base.copy(), base.copy()
    anywhere[rng.choice(rows, some, replace=False)] ^= np.uint64(2**64 - 1)
    newest[rows - 2 * some + rng.choice(2 * some, some, replace=False)] ^= np.uint64(2**64 - 1)
    known = _parts(base, cut, 0)
    changed = {
        "1 % appended": _parts(hashes, cut, 0),
        "slid by 1 %": _parts(hashes[some:], cut, some),
        "late corrections, newest days": _parts(newest, cut, 0),
        "late corrections, anywhere": _parts(anywhere, cut, 0),
    }
    return {
        change: sum(stop - start for start, stop, _ in parts - known) / rows
        for change, parts in changed.items()
    }


def _parts(hashes: Hashes, cut: CutRule, offset: int) -> set[tuple[int, int, int]]:
    """Parts as first row, last row and what they hold."""
    ends = [0, *cut.boundaries(hashes)]
    if ends[-1] < len(hashes):
        ends.append(len(hashes))
    # Sums wrap around; what differs anywhere differs in its sum but for one case in 2**64.
    sums = np.add.reduceat(hashes, ends[:-1])
    spans = zip(ends[:-1], ends[1:], sums, strict=True)
    return {(offset + start, offset + stop, int(held)) for start, stop, held in spans}
