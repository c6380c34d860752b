"""Ascending integers without repeats, as sets: the hashes of rows, the units of a table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

IntegerArray = NDArray[Any]


def sorted_unique(values: IntegerArray) -> IntegerArray:
    """The distinct values, ascending.

    NumPy's `unique` hashes integers (since 2.3): five million hashes take it a hundred times as
    long as sorting them does.
    """
    ordered = np.sort(values)
    first = np.ones(len(ordered), bool)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    found: IntegerArray = ordered[first]
    return found


def isin_sorted(values: IntegerArray, sorted_values: IntegerArray) -> NDArray[np.bool_]:
    """Which of `values` are among ascending others."""
    if not len(sorted_values):
        return np.zeros(len(values), bool)
    place = np.searchsorted(sorted_values, values).clip(max=len(sorted_values) - 1)
    found: NDArray[np.bool_] = sorted_values[place] == values
    return found


def isin_both_sorted(values: IntegerArray, other_values: IntegerArray) -> NDArray[np.bool_]:
    """Which of `values` are in `other_values`, where both ascend: the fewer are looked up."""
    if len(values) <= len(other_values):
        return isin_sorted(values, other_values)
    found = np.zeros(len(values), bool)
    place = np.searchsorted(values, other_values).clip(max=len(values) - 1)
    found[place[values[place] == other_values]] = True
    return found


def arrays_intersect(first: IntegerArray, second: IntegerArray) -> bool:
    """Whether two ascending arrays have a value in common."""
    few, many = sorted((first, second), key=len)
    return bool(isin_sorted(few, many).any())
