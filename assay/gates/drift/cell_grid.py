"""Cells into which a column's values fall, counted on both sides alike.

Ranges of numbers are set by the reference. Levels of text are named by the rows of *both* sides
together: a level that was chosen for what one side happened to hold would look shifted though
nothing moved, and given both sides' total, chance alone divides it between them.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.gates.statistics.intervals import Floats
from assay.gates.statistics.window_variation import FEWEST_EXPECTED
from assay.tables.distribution import Distribution, Integers, numbers_from_keys
from assay.tables.profile import ColumnProfile
from assay.tables.rowhash import value_hashes

MISSING_CELL: Final = "(missing)"
NEW_CELL: Final = "(new)"
OTHER_CELL: Final = "(other)"
_RANGE_COUNT: Final = 10  # of about as many reference rows each: the usual deciles of scorecards
_MOST_SINGLE: Final = 20  # numbers with at most so many distinct values get a cell each
_MOST_NAMED: Final = 30  # levels of text with a cell of their own; rarer ones share one
_CLASS_BITS: Final = 4  # bits of a hash, for classes of levels that nothing has chosen


@dataclass(frozen=True, eq=False)
class LevelCells:
    """Which levels of text have which cell: `keys` (int64, ascending) are their hashes without the
    lowest `dropped_bits`, `cells` their cells. All others fall into the cell `other`.

    `too_rare`: no level has rows enough for a test, and those named tell how large chance is.
    """

    keys: Integers
    cells: Integers
    other: int
    dropped_bits: int = 0
    too_rare: bool = False

    def find(self, keys: Integers) -> Integers:
        """The cell of each of these keys."""
        shift = np.int64(self.dropped_bits)
        found = np.full(len(keys), self.other, np.int64)
        if len(self.keys):
            keys = (keys >> shift) << shift
            place = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
            known = self.keys[place] == keys
            found[known] = self.cells[place[known]]
        return found


@dataclass(frozen=True, eq=False)
class CellGrid:
    """The cells of one column; the last is the missing values'. Either `edges` or `levels` is set.

    Numbers fall between `edges`: below the first and from the last on lie outside the reference's
    range. Texts have the cells of `levels`.
    """

    labels: tuple[str, ...]
    edges: Floats | None = None
    levels: LevelCells | None = None

    @classmethod
    def from_profiles(
        cls,
        reference: ColumnProfile,
        current: ColumnProfile,
        fewest_rows: float = FEWEST_EXPECTED,
    ) -> CellGrid:
        """The grid of a column that both sides hold.

        Of more than 30 levels those get a cell of which at least `fewest_rows` rows are expected
        on the smaller side. Edges of ranges lie where both profiles can tell.
        """
        if not len(reference.distribution.keys):
            none = np.empty(0, np.int64)
            return cls((NEW_CELL, MISSING_CELL), levels=LevelCells(none, none, 0))
        if reference.numeric:
            return _range_grid(reference, current.distribution.dropped_bits)
        return _level_grid(reference, current, fewest_rows)

    @property
    def shares_a_cell(self) -> bool:
        """Whether some levels have no cell of their own."""
        return self.levels is not None and len(self.levels.keys) < len(self.labels) - 1

    @property
    def is_too_rare(self) -> bool:
        """Whether no level has rows enough for a test."""
        return self.levels is not None and self.levels.too_rare

    def counts(self, column: ColumnProfile) -> Floats:
        """Rows of a profiled column by cell, float64 (cells,)."""
        counts = np.bincount(
            self._profile_codes(column.distribution),
            weights=column.distribution.counts,
            minlength=len(self.labels),
        ).astype(float)
        counts[-1] += column.missing
        return counts

    def codes(self, column: pa.ChunkedArray) -> Integers:
        """Each row's cell, int64 (rows,)."""
        missing = len(self.labels) - 1
        if self.edges is not None:
            values = numeric_values(column)
            codes = np.searchsorted(self.edges, values, side="right")
            return np.where(np.isnan(values), missing, codes).astype(np.int64)
        assert self.levels is not None, "a grid without edges has levels"
        coded = encode_levels(column)
        return coded.take(self.levels.find(coded.keys), missing)

    def _profile_codes(self, distribution: Distribution) -> Integers:
        if self.edges is not None:
            codes: Integers = np.searchsorted(self.edges, distribution.floors(), side="right")
            return codes.astype(np.int64)
        assert self.levels is not None, "a grid without edges has levels"
        return self.levels.find(distribution.keys)


@dataclass(frozen=True, eq=False)
class EncodedLevels:
    """Rows of a text column: `keys` of its distinct values, as profiles have them, and each row's
    place among them, -1 where the value is missing."""

    keys: Integers
    place: Integers

    def take(self, values: Integers, missing: int) -> Integers:
        """Each row's entry of `values` (one a key), `missing` where it has no value."""
        found: Integers = np.append(values, missing)[self.place]
        return found

    def classes(self) -> tuple[Integers, int]:
        """Each row's class of 16 by its value's hash, or that of missing values; and how many."""
        count = 1 << _CLASS_BITS
        hashes = self.keys.view(np.uint64) >> np.uint64(64 - _CLASS_BITS)
        return self.take(hashes.astype(np.int64), count), count + 1


def encode_levels(column: pa.ChunkedArray) -> EncodedLevels:
    """Hash each distinct value of a column once."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    whole = pc.cast(column, pa.string()).combine_chunks()
    whole = whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
    coded = whole.dictionary_encode()
    keys = value_hashes(coded.dictionary) if len(coded.dictionary) else np.empty(0, np.uint64)
    place = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return EncodedLevels(keys.view(np.int64), place.astype(np.int64))


def numeric_values(column: pa.ChunkedArray) -> Floats:
    """Numbers as they are, dates as microseconds, NaN where a value is missing; float64 (rows,)."""
    whole = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
    values: Floats = whole.cast(pa.float64(), safe=False).to_numpy()
    return values


def are_comparable(reference: ColumnProfile, current: ColumnProfile) -> bool:
    """Whether both hold the same sort of values: numbers, dates, or texts (booleans included)."""
    sorts = [(column.numeric, column.kind == "date") for column in (reference, current)]
    empty = any(not len(column.distribution.keys) for column in (reference, current))
    return sorts[0] == sorts[1] or (empty and "date" not in (reference.kind, current.kind))


def _range_grid(column: ColumnProfile, dropped: int) -> CellGrid:
    held = column.distribution.coarsen(dropped)
    floors, counts = held.floors(), held.counts
    assert column.low is not None, "a numeric column with values has a range"
    assert column.high is not None, "a numeric column with values has a range"
    if len(floors) <= _MOST_SINGLE and held.exact:
        inner = floors[1:]
        labels = [_format_edge(column, value) for value in floors]
    else:
        below = np.cumsum(counts) / counts.sum()
        cuts = np.searchsorted(below, np.arange(1, _RANGE_COUNT) / _RANGE_COUNT, side="right")
        inner = np.unique(floors[np.minimum(cuts, len(floors) - 1)])
        inner = inner[inner > floors[0]]
        marks = [_format_edge(column, v) for v in (column.low, *inner, column.high)]
        labels = [f"{low} to {high}" for low, high in itertools.pairwise(marks)]
    above = numbers_from_keys(held.keys[-1:] + np.int64(1 << held.dropped_bits))[0]
    edges = np.array([floors[0], *inner, above if np.isfinite(above) else np.nan])
    low, high = _format_edge(column, column.low), _format_edge(column, column.high)
    every = (f"below {low}", *labels, f"above {high}", MISSING_CELL)
    return CellGrid(every, edges=edges)


def _level_grid(reference: ColumnProfile, current: ColumnProfile, fewest_rows: float) -> CellGrid:
    dropped = max(side.distribution.dropped_bits for side in (reference, current))
    sides = [side.distribution.coarsen(dropped) for side in (reference, current)]
    keys, rows = pooled_levels(*sides)
    rows_of_sides = (max(reference.rows, 1), max(current.rows, 1))
    expected = rows * (min(rows_of_sides) / sum(rows_of_sides))
    order = np.lexsort((keys, -rows))
    own = order[:_MOST_NAMED]
    frequent = own if len(own) == len(order) else own[expected[own] >= fewest_rows]
    own = frequent if len(frequent) else own
    names = _level_names(reference, current) if not dropped else {}
    labels = [names.get(key, _class_label(key)) for key in keys[own].tolist()]
    every = (*labels, *((OTHER_CELL,) if len(own) < len(order) else ()), MISSING_CELL)
    by_key = np.argsort(keys[own])
    cells = LevelCells(
        keys[own][by_key], by_key.astype(np.int64), len(every) - 2, dropped, not len(frequent)
    )
    return CellGrid(every, levels=cells)


def pooled_levels(reference: Distribution, current: Distribution) -> tuple[Integers, Integers]:
    """The keys of both sides, ascending, and their rows on both together."""
    keys, place = np.unique(np.concatenate([reference.keys, current.keys]), return_inverse=True)
    both = np.concatenate([reference.counts, current.counts])
    return keys, np.bincount(place, weights=both, minlength=len(keys)).astype(np.int64)


def _level_names(*columns: ColumnProfile) -> dict[int, str]:
    return {
        key: name
        for column in columns
        for key, name in zip(column.distribution.keys.tolist(), column.names or (), strict=False)
    }


def _class_label(key: int) -> str:
    """Of values that were too many to name: the first bits of their hash, in hexadecimal."""
    return f"values of class {(key & (1 << 64) - 1) >> 48:04x}"


def _format_edge(column: ColumnProfile, value: float) -> str:
    if column.kind == "date" and np.isfinite(value):
        return str(np.datetime64(int(value), "us").astype("datetime64[D]"))
    return f"{value:.4g}" if float(f"{value:.4g}") == value or abs(value) < 1e4 else f"{value:,.0f}"
