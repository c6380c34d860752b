"""Ascending integers without repeats, as sets: the hashes of rows, the units of a table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[Any]


def distinct(values: Integers) -> Integers:
    """The different ones, ascending.

    NumPy's `unique` hashes integers (since 2.3): five million hashes take it a hundred times as
    long as sorting them does.
    """
    ordered = np.sort(values)
    first = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    found: Integers = ordered[first]
    return found


def among(values: Integers, ordered: Integers) -> NDArray[np.bool_]:
    """Which of `values` are among others that ascend."""
    if not len(ordered):
        return np.zeros(len(values), bool)
    place = np.searchsorted(ordered, values).clip(max=len(ordered) - 1)
    found: NDArray[np.bool_] = ordered[place] == values
    return found


def common(one: Integers, other: Integers) -> NDArray[np.bool_]:
    """Which of `one` are in `other`, where both ascend: the fewer are looked up in the more."""
    if len(one) <= len(other):
        return among(one, other)
    found = np.zeros(len(one), bool)
    place = np.searchsorted(one, other).clip(max=len(one) - 1)
    found[place[one[place] == other]] = True
    return found


def share(one: Integers, other: Integers) -> bool:
    """Whether two that ascend have any in common."""
    few, many = sorted((one, other), key=len)
    return bool(among(few, many).any())
