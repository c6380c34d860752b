"""Cells into which a column's values fall, fixed by the reference, counted on both sides alike."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.gates.statistics.intervals import Floats
from assay.tables.distribution import Integers, numbers_from_keys
from assay.tables.profile import ColumnProfile
from assay.tables.rowhash import value_hashes

MISSING_CELL: Final = "(missing)"
NEW_CELL: Final = "(new)"
OTHER_CELL: Final = "(other)"
_RANGE_COUNT: Final = 10  # of about as many reference rows each: the usual deciles of scorecards
_MOST_SINGLE: Final = 20  # numbers with at most so many distinct values get a cell each
_MOST_NAMED: Final = 30  # texts with a cell of their own; rarer ones share one
_CLASS_BITS: Final = 4  # bits of a hash, for texts too many to name


@dataclass(frozen=True, eq=False)
class CellGrid:
    """The cells of one column. `unseen_cells` marks those that hold no reference row by their nature.

    Numbers fall between `edges`: below the first and from the last on lie outside the reference's
    range. Texts are looked up in `names`, and those not there are new. Neither: classes of hashes.
    """

    labels: tuple[str, ...]
    unseen_cells: NDArray[np.bool_]
    edges: Floats | None = None
    names: Mapping[str, int] | None = None

    @classmethod
    def from_profile(cls, column: ColumnProfile, dropped: int = 0) -> CellGrid:
        """The grid that a reference column sets. Its last cell is the missing values'.

        `dropped_bits` bits of the other side's profile are gone: edges are set where both can tell.
        """
        if not len(column.distribution.keys):
            unseen = np.array([True, False])
            return cls((NEW_CELL, MISSING_CELL), unseen, names={})
        if column.numeric:
            return _range_grid(column, dropped)
        return _hash_grid() if column.names is None else _value_grid(column)

    def counts(self, column: ColumnProfile) -> Floats:
        """Rows of a profiled column by cell, float64 (cells,)."""
        codes = self._profile_codes(column)
        counts = np.bincount(
            codes, weights=column.distribution.counts, minlength=len(self.labels)
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
        coded = _encode_texts(column)
        cells = np.append(self._cells_of(coded.dictionary), missing)
        indices = coded.indices.fill_null(len(cells) - 1)
        found: Integers = cells[indices.to_numpy(zero_copy_only=False)]
        return found

    def _profile_codes(self, column: ColumnProfile) -> Integers:
        if not len(column.distribution.keys):
            return np.empty(0, np.int64)
        if self.edges is not None:
            floors = column.distribution.floors()
            return np.searchsorted(self.edges, floors, side="right").astype(np.int64)
        if self.names is None:
            return _hash_classes(column.distribution.keys.view(np.uint64))
        if column.names is None:  # values beyond counting, where the reference had few: all new
            return np.zeros(len(column.distribution.keys), np.int64) + len(self.labels) - 2
        return self._name_codes(column.names)

    def _cells_of(self, values: pa.Array) -> Integers:
        if self.names is None:
            return _hash_classes(value_hashes(values)) if len(values) else np.empty(0, np.int64)
        return self._name_codes(values.to_pylist())

    def _name_codes(self, texts: Sequence[str]) -> Integers:
        names, new = self.names or {}, len(self.labels) - 2
        return np.fromiter((names.get(text, new) for text in texts), np.int64, len(texts))


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
    unseen = np.zeros(len(every), dtype=bool)
    unseen[[0, -2]] = True
    return CellGrid(every, unseen, edges=edges)


def _value_grid(column: ColumnProfile) -> CellGrid:
    names, counts = column.names or (), column.distribution.counts
    order = sorted(range(len(names)), key=lambda i: (-int(counts[i]), names[i]))
    own = order[:_MOST_NAMED]
    cells = {names[i]: place for place, i in enumerate(own)}
    cells |= {names[i]: len(own) for i in order[_MOST_NAMED:]}
    labels = (
        *(names[i] for i in own),
        *((OTHER_CELL,) if len(order) > _MOST_NAMED else ()),
        NEW_CELL,
        MISSING_CELL,
    )
    unseen = np.array([label == NEW_CELL for label in labels])
    unseen[: len(own)] = False  # a value may be called "(new)" too
    return CellGrid(labels, unseen, names=cells)


def _hash_grid() -> CellGrid:
    labels = (*(f"values of class {i + 1}" for i in range(1 << _CLASS_BITS)), MISSING_CELL)
    return CellGrid(labels, np.zeros(len(labels), dtype=bool))


def _hash_classes(hashes: NDArray[np.uint64]) -> Integers:
    classes: Integers = (hashes >> np.uint64(64 - _CLASS_BITS)).astype(np.int64)
    return classes


def _encode_texts(column: pa.ChunkedArray) -> pa.DictionaryArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    text = pc.cast(column, pa.string())
    whole = text.combine_chunks()
    whole = whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
    return whole.dictionary_encode()


def _format_edge(column: ColumnProfile, value: float) -> str:
    if column.kind == "date" and np.isfinite(value):
        return str(np.datetime64(int(value), "us").astype("datetime64[D]"))
    return f"{value:.4g}" if float(f"{value:.4g}") == value or abs(value) < 1e4 else f"{value:,.0f}"
