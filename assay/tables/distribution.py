"""How often each value occurs, in bounded space, so that two distributions add up exactly.

Values are keyed by 64-bit integers in their own order. While there are at most `MAX_KEYS` distinct
keys, counts are exact. Beyond, the lowest bits of all keys are dropped, as few as will do. As a
coarser grid never has more occupied cells than a finer one, what a union of rows needs is found
from the parts' own grids: merging equals counting everything at once, to the last bit, in any
order. (The exactness is the point: the usual quantile sketches merge within a bound only, and
their bytes depend on the order.)

For numbers the key is the double's own bits, so the grid is relative: with `dropped_bits` bits gone
a value is known to within 2**(dropped - 52) of itself, whatever its scale; narrow columns far from
zero keep more bits. 4,096 cells are enough for 52 dropped bits at the worst, where a cell is still
no wider than a factor of two. For text the key is a hash, and the cells are classes of values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

MAX_KEYS: Final = 4096
_MAGNITUDE: Final = np.int64(0x7FFFFFFFFFFFFFFF)


@dataclass(frozen=True, eq=False)
class Distribution:
    """`counts` (int64, positive) of rows by `keys` (int64, ascending), equal shapes.

    The lowest `dropped_bits` bits of every key are zero and say nothing.
    """

    keys: Integers
    counts: Integers
    dropped_bits: int = 0

    @classmethod
    def from_counts(cls, keys: Integers, counts: Integers) -> Distribution:
        """Of any keys, in any order and with repetition, each standing for `counts` rows."""
        return _limit_keys(*_sum_by_key(keys, counts), 0)

    @classmethod
    def merge(cls, parts: Sequence[Distribution]) -> Distribution:
        """Of all rows together. Equals `from_counts` them at once, whatever the order of parts."""
        if len(parts) == 1:
            return parts[0]
        dropped = max((part.dropped_bits for part in parts), default=0)
        none = np.empty(0, np.int64)
        keys = np.concatenate([none, *(_drop_bits(part.keys, dropped) for part in parts)])
        counts = np.concatenate([none, *(part.counts for part in parts)])
        return _limit_keys(*_sum_by_key(keys, counts), dropped)

    @property
    def exact(self) -> bool:
        return self.dropped_bits == 0

    @property
    def rows(self) -> int:
        return int(self.counts.sum())

    def coarsen(self, dropped: int) -> Distribution:
        """The same with at least `dropped_bits` bits gone. Two distributions compare at one
        coarseness: else the same value stands at different places in them.
        """
        if dropped <= self.dropped_bits:
            return self
        return Distribution(*_sum_by_key(_drop_bits(self.keys, dropped), self.counts), dropped)

    def floors(self) -> Floats:
        """For numbers: the lowest value of each cell, float64."""
        return numbers_from_keys(self.keys)

    def values(self) -> Floats:
        """For numbers: the value of each cell, float64; the middle where bits were dropped."""
        low = numbers_from_keys(self.keys)
        if self.exact:
            return low
        high = numbers_from_keys(self.keys + np.int64((1 << self.dropped_bits) - 1))
        with np.errstate(invalid="ignore", over="ignore"):
            middle: Floats = low + (high - low) / 2
        return np.where(np.isfinite(middle), middle, low)


def keys_from_numbers(values: Floats) -> Integers:
    """Keys (int64) in the order of the float64 `values`; -0.0 is 0.0."""
    bits: Integers = (values + 0.0).view(np.int64)
    return _mirror_negatives(bits)


def numbers_from_keys(keys: Integers) -> Floats:
    """The float64 values whose keys these are."""
    found: Floats = _mirror_negatives(keys).view(np.float64)
    return found


def _mirror_negatives(bits: Integers) -> Integers:
    # A double is a sign and a magnitude: below zero, larger bits are smaller numbers.
    mirrored: Integers = bits ^ ((bits >> np.int64(63)) & _MAGNITUDE)
    return mirrored


def _drop_bits(keys: Integers, dropped: int) -> Integers:
    shift = np.int64(dropped)
    return (keys >> shift) << shift


def _sum_by_key(keys: Integers, counts: Integers) -> tuple[Integers, Integers]:
    if not len(keys):
        return keys, counts
    if (keys[1:] < keys[:-1]).any():
        order = np.argsort(keys, kind="stable")
        keys, counts = keys[order], counts[order]
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    if len(first) == len(keys):
        return keys, counts
    return keys[first], np.add.reduceat(counts, first)


def _limit_keys(keys: Integers, counts: Integers, dropped: int) -> Distribution:
    """Drop as many bits as it takes to have `MAX_KEYS` keys at the most, and no more."""
    if len(keys) > MAX_KEYS:
        # Two neighbours share a cell once the bits in which they differ are dropped.
        differ = (keys[1:] ^ keys[:-1]).view(np.uint64)
        dropped = int(
            np.partition(differ, len(differ) - MAX_KEYS)[len(differ) - MAX_KEYS]
        ).bit_length()
        keys, counts = _sum_by_key(_drop_bits(keys, dropped), counts)
    return Distribution(keys, counts, dropped)
