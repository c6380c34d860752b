"""What the columns of some rows hold, in bounded space: made part by part, and added up.

The profile of two tables' rows is the merge of their profiles, to the last bit and in any order.
So a part of a table is profiled once, and an appended table pays for its new parts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa

from assay.bucket import canonical_json
from assay.tables.distribution import (
    Distribution,
    Floats,
    Integers,
    keys_from_numbers,
    numbers_from_keys,
)
from assay.tables.packed_arrays import (
    narrow_integers,
    pack_array,
    pack_texts,
    unpack_array,
    unpack_texts,
)
from assay.tables.rowhash import Hashes, text_hashes, value_hashes

FORMAT: Final = 2
NUMERIC_KINDS: Final = frozenset({"integer", "number", "date"})
_MAX_TEXT_BYTES: Final = (
    1 << 18
)  # bytes of text that a column's values may take before they go unnamed
_SMALLEST: Final = 1024  # hashes; the estimate's standard error is about 3 %
_BINCOUNT_SPAN: Final = 1 << 13  # integers this close together are counted more quickly than sorted
_NO_HASHES: Final = np.empty(0, np.uint64)


@dataclass(frozen=True, eq=False)
class ColumnProfile:
    """One column of some rows. Dates are microseconds since 1970, UTC.

    `low` and `high` (numbers only) are exact. `names` are the texts that the keys of `distribution`
    stand for, in its order; None for numbers, and for text of more than 4,096 distinct values or
    256 KiB of them, whose keys are then classes of hashes. `smallest_hashes` are the 1,024 smallest
    hashes of values, kept where the distribution lost bits.
    """

    kind: str
    missing: int
    distribution: Distribution
    low: float | None = None
    high: float | None = None
    names: tuple[str, ...] | None = None
    smallest_hashes: Hashes = field(
        default_factory=lambda: _NO_HASHES
    )  # hashes of values, kept where the distribution lost bits

    @property
    def rows(self) -> int:
        return self.missing + self.distribution.rows

    @property
    def numeric(self) -> bool:
        return self.kind in NUMERIC_KINDS

    @property
    def distinct(self) -> int:
        """Distinct values; estimated to about 3 % where the distribution is not exact.

        Bar-Yossef et al., "Counting distinct elements in a data stream", 2002.
        """
        if self.distribution.exact:
            return len(self.distribution.keys)
        estimate = (_SMALLEST - 1) / (float(self.smallest_hashes[-1]) / 2.0**64)
        return min(round(estimate), self.distribution.rows)

    def mean_and_variance(self) -> tuple[float, float] | None:
        """Mean and variance (of all rows, not unbiased) of a finite numeric column, else None.

        From the distribution: exact where that is, else within its relative error.
        """
        if not self.numeric or not len(self.distribution.keys):
            return None
        values, counts = self.distribution.values(), self.distribution.counts
        if self.low is None or self.high is None or not np.isfinite(self.high - self.low):
            return None
        mean = float(np.average(values, weights=counts))
        return mean, float(np.average((values - mean) ** 2, weights=counts))

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "missing": self.missing,
            "keys": _pack_keys(self.distribution),
            "counts": pack_array(narrow_integers(self.distribution.counts)),
            "dropped": self.distribution.dropped_bits,
            "range": None if self.low is None else pack_array(np.array([self.low, self.high])),
            "names": None if self.names is None else pack_texts(self.names),
            "smallest": pack_array(self.smallest_hashes),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ColumnProfile:
        dropped = document["dropped"]
        keys, counts = (
            _unpack_keys(document["keys"], dropped),
            unpack_array(document["counts"], np.int64),
        )
        span = document["range"]
        ends = (None, None) if span is None else unpack_array(span, np.float64).tolist()
        return cls(
            document["kind"],
            document["missing"],
            Distribution(keys, counts, dropped),
            ends[0],
            ends[1],
            None if document["names"] is None else unpack_texts(*document["names"]),
            unpack_array(document["smallest"], np.uint64),
        )


@dataclass(frozen=True, eq=False)
class TableProfile:
    """The columns of `rows` rows, by name, in the order of the table."""

    rows: int
    columns: Mapping[str, ColumnProfile]

    @classmethod
    def from_rows(cls, rows: pa.Table, kinds: Mapping[str, str]) -> TableProfile:
        """Profile rows in a table's own types; text may come dictionary-coded.

        `kinds` names the columns to profile and each one's kind (see `columns.ARROW`).
        """
        found = {name: _profile_column(rows.column(name), kind) for name, kind in kinds.items()}
        return cls(rows.num_rows, found)

    @classmethod
    def merge(cls, parts: Sequence[TableProfile]) -> TableProfile:
        """The profile of all their rows. All parts have the same columns of the same kinds."""
        names = list(parts[0].columns)
        return cls(
            sum(part.rows for part in parts),
            {name: _merge_columns([part.columns[name] for part in parts]) for name in names},
        )

    def to_bytes(self) -> bytes:
        """Canonical: equal profiles have equal bytes."""
        columns = {name: column.as_json() for name, column in self.columns.items()}
        order = list(self.columns)
        return canonical_json.dump(
            {"format": FORMAT, "rows": self.rows, "order": order, "columns": columns}
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> TableProfile:
        held = canonical_json.load(data)
        columns = {name: ColumnProfile.from_json(held["columns"][name]) for name in held["order"]}
        return cls(held["rows"], columns)


# --- one column -------------------------------------------------------------------------------


def _profile_column(column: pa.ChunkedArray, kind: str) -> ColumnProfile:
    missing = column.null_count
    if kind in NUMERIC_KINDS:
        return _profile_numbers(column, kind, missing)
    if kind == "boolean":
        column = column.cast(pa.string())
    return _profile_texts(kind, missing, _text_counts(column))


def _profile_numbers(column: pa.ChunkedArray, kind: str, missing: int) -> ColumnProfile:
    array = column.drop_null()
    if not len(array):
        return ColumnProfile(kind, missing, Distribution(*_nothing()))
    values, counts = _number_counts(array.cast(pa.int64()) if kind == "date" else array)
    keys = keys_from_numbers(values)
    found = Distribution.from_counts(keys, counts)
    smallest = _NO_HASHES if found.exact else _smallest([value_hashes(pa.array(values))])
    return ColumnProfile(
        kind, missing, found, float(values.min()), float(values.max()), None, smallest
    )


def _number_counts(array: pa.ChunkedArray) -> tuple[Floats, Integers]:
    """Distinct values as float64, and how often each occurs."""
    numbers = array.to_numpy()
    if numbers.dtype == np.int64:
        low, high = int(numbers.min()), int(numbers.max())
        if high - low < _BINCOUNT_SPAN:
            counts = np.bincount(numbers - low)
            seen = np.flatnonzero(counts)
            return (seen + low).astype(np.float64), counts[seen].astype(np.int64)
    values, counts = np.unique(numbers, return_counts=True)
    return values.astype(np.float64), counts.astype(np.int64)


def _text_counts(column: pa.ChunkedArray) -> dict[str, int]:
    """How often each value occurs; no nulls, and no value that only a dictionary holds."""
    tally: dict[str, int] = {}
    for chunk in column.chunks:
        coded = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
        indices = coded.indices.drop_null().to_numpy(zero_copy_only=False)
        found = np.bincount(indices, minlength=len(coded.dictionary)).tolist()
        for text, count in zip(coded.dictionary.to_pylist(), found, strict=True):
            if count:
                tally[text] = tally.get(text, 0) + count
    return tally


def _profile_texts(kind: str, missing: int, tally: Mapping[str, int]) -> ColumnProfile:
    texts, written = [*tally], [text.encode() for text in tally]
    hashes = text_hashes(written)
    counts = np.fromiter(tally.values(), np.int64, len(tally))
    found = Distribution.from_counts(hashes.view(np.int64), counts)
    if not found.exact or sum(map(len, written)) > _MAX_TEXT_BYTES:
        return ColumnProfile(
            kind, missing, found, smallest_hashes=_hashes_if_coarse(found, [hashes])
        )
    order = np.argsort(hashes.view(np.int64)).tolist()
    return ColumnProfile(kind, missing, found, names=tuple(texts[i] for i in order))


def _merge_columns(parts: Sequence[ColumnProfile]) -> ColumnProfile:
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    missing = sum(part.missing for part in parts)
    found = Distribution.merge([part.distribution for part in parts])
    if not first.numeric:
        return _merge_texts(parts, missing, found)
    lows = [part.low for part in parts if part.low is not None]
    highs = [part.high for part in parts if part.high is not None]
    low, high = (min(lows), max(highs)) if lows else (None, None)
    hashes = [] if found.exact else [_column_hashes(part) for part in parts]
    return ColumnProfile(
        first.kind, missing, found, low, high, None, _hashes_if_coarse(found, hashes)
    )


def _merge_texts(
    parts: Sequence[ColumnProfile], missing: int, distribution: Distribution
) -> ColumnProfile:
    kind = parts[0].kind
    texts: dict[int, str] = {}
    named = distribution.exact and all(part.names is not None for part in parts)
    for part in parts if named else ():
        texts.update(zip(part.distribution.keys.tolist(), part.names or (), strict=True))
    if named and sum(len(text.encode()) for text in texts.values()) <= _MAX_TEXT_BYTES:
        names = tuple(texts[key] for key in distribution.keys.tolist())
        return ColumnProfile(kind, missing, distribution, names=names)
    hashes = [] if distribution.exact else [_column_hashes(part) for part in parts]
    return ColumnProfile(
        kind, missing, distribution, smallest_hashes=_hashes_if_coarse(distribution, hashes)
    )


def _column_hashes(part: ColumnProfile) -> Hashes:
    if not part.distribution.exact:
        return part.smallest_hashes
    keys = part.distribution.keys
    return value_hashes(pa.array(numbers_from_keys(keys))) if part.numeric else keys.view(np.uint64)


def _hashes_if_coarse(distribution: Distribution, hashes: Sequence[Hashes]) -> Hashes:
    return _NO_HASHES if distribution.exact else _smallest(hashes)


def _smallest(hashes: Sequence[Hashes]) -> Hashes:
    every = np.concatenate([_NO_HASHES, *hashes])
    if len(every) > 4 * _SMALLEST:
        # The rest need not be sorted; unless these come often, and too few differ.
        most = np.partition(every, 2 * _SMALLEST)[2 * _SMALLEST]
        found = _distinct(every[every <= most])
        if len(found) >= _SMALLEST:
            return found[:_SMALLEST]
    return _distinct(every)[:_SMALLEST]


def _distinct(hashes: Hashes) -> Hashes:
    # Without counts np.unique goes by a table of hashes, at twenty times the cost of sorting.
    ordered = np.sort(hashes)
    first = np.ones(len(ordered), dtype=bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]


def _nothing() -> tuple[Integers, Integers]:
    return np.empty(0, np.int64), np.empty(0, np.int64)


def _pack_keys(distribution: Distribution) -> list[list[str]]:
    """Keys as the first and the steps after it: neighbours that differ by little take a byte."""
    words = (distribution.keys >> np.int64(distribution.dropped_bits)).view(np.uint64)
    return [pack_array(words[:1]), pack_array(narrow_integers(np.diff(words)))]


def _unpack_keys(packed_keys: Sequence[Sequence[str]], dropped: int) -> Integers:
    words = np.cumsum(
        np.concatenate([unpack_array(text, np.uint64) for text in packed_keys]), dtype=np.uint64
    )
    return words.view(np.int64) << np.int64(dropped)
