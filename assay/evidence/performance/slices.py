"""The slices of the rows that a model serves worst, searched on one half and tested on the other.

A slice is all rows with one value of a column, or with two of two columns. Among thousands some
look bad by chance alone; so what is searched on one half of the test rows is measured on the
other, which had no say in the choice, and Holm's correction covers the few that are measured.
After Chung et al., "Slice Finder" (ICDE 2019), and Sagadeeva & Boehm, "SliceLine" (SIGMOD 2021).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from assay.evidence.performance.columns import Coded, coded
from assay.evidence.statistics.corrections import holm
from assay.evidence.statistics.intervals import Bools, Floats
from assay.evidence.statistics.welch import Excess, excess

SHOWN = 10
_LOOKED_AT = 400  # of the worst, until ten are found that are not much the same rows
_LARGEST = 0.75  # of all rows: what is most of them is no slice
_SURE = 2.0  # standard errors by which slices are ranked below what they seem


@dataclass(frozen=True, slots=True)
class Slice:
    """Some rows by the values that they share: "sex=Female & age=<30"."""

    label: str
    inside: Bools  # a row of the table each


@dataclass(frozen=True, slots=True)
class Measured:
    """A slice, and by how much its values exceed those of the other rows of the second half.

    `p` is Holm's over all slices measured with it: that the excess is no more than the margin.
    """

    slice: Slice
    excess: Excess
    p: float


@dataclass(frozen=True, slots=True)
class Material:
    """Coded columns, and which rows are searched; the rest is what is tested."""

    columns: tuple[Coded, ...]
    searched: Bools
    least: int  # rows of a slice in either half


def material(features: pd.DataFrame, rows: int, seed: int) -> Material:
    """Cut the rows into halves at random, and the columns into codes that hold `rows` each."""
    order = np.random.default_rng(seed).permutation(len(features))
    return Material(tuple(coded(features, rows)), order % 2 == 0, rows // 2)


def weakest(of: Material, values: Floats, margin: float) -> list[Measured]:
    """Up to ten slices whose `values` (one a row, more is worse) are largest, the worst first.

    Chosen and ordered by the first half alone; none shares more than half its rows with another.
    """
    found = [s for s in _search(of, values) if _size(s.inside, ~of.searched) >= of.least]
    tested = ~of.searched
    held = [excess(values[tested & s.inside], values[tested & ~s.inside], margin) for s in found]
    adjusted = holm([each.p for each in held])
    return [Measured(*row) for row in zip(found, held, map(float, adjusted), strict=True)]


# --- search -------------------------------------------------------------------------------------


def _search(of: Material, values: Floats) -> list[Slice]:
    """The worst of the searched half, by how much worse they are at the least."""
    here = values[of.searched]
    columns = [Coded(c.name, c.codes[of.searched], c.labels) for c in of.columns]
    squares = here**2
    whole = np.array([len(here), here.sum(), squares.sum()])
    cells = list(_cells(columns, here, squares))
    if not cells:
        return []
    scores = np.concatenate([_lower_bounds(sums, whole, of.least) for _, sums in cells])
    starts = np.cumsum([0, *(sums.shape[1] for _, sums in cells)])
    chosen: list[Slice] = []
    for place in np.argsort(-scores, kind="stable")[:_LOOKED_AT]:
        if scores[place] <= 0 or len(chosen) == SHOWN:
            break
        group = int(np.searchsorted(starts, place, side="right")) - 1
        made = _slice([of.columns[i] for i in cells[group][0]], int(place - starts[group]))
        if not any(_overlap(made.inside, other.inside) for other in chosen):
            chosen.append(made)
    return chosen


def _cells(
    columns: Sequence[Coded], values: Floats, squares: Floats
) -> Iterator[tuple[tuple[int, ...], Floats]]:
    """(columns, sums) of every single column and pair: rows, values, squares by joint code."""
    for chosen in [*combinations(range(len(columns)), 1), *combinations(range(len(columns)), 2)]:
        joint, size = _joint([columns[i] for i in chosen])
        weights = (None, values, squares)
        known = [np.bincount(joint, weight, minlength=size + 1) for weight in weights]
        sums = np.array(known, dtype=float)[:, 1:]  # the first: values too rare to tell
        if len(chosen) == 2:
            shape = (3, len(columns[chosen[0]].labels), -1)
            sums[0, ~_says_more(sums.reshape(shape)).ravel()] = 0
        yield chosen, sums


def _says_more(sums: Floats) -> Bools:
    """Pairs (of the two last axes) that are surely worse than either of their values alone."""
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, error = _mean(sums)
        alone = [_mean(sums.sum(axis=axis, keepdims=True))[0] for axis in (1, 2)]
        return np.asarray(mean - np.maximum(*alone) > _SURE * np.sqrt(error))


def _joint(columns: Sequence[Coded]) -> tuple[np.ndarray, int]:
    """Codes from 1 of the columns' values together, 0 where one of them is too rare."""
    first, *rest = columns
    joint, size = first.codes + 1, len(first.labels)
    for column in rest:
        width = len(column.labels)
        both = (joint > 0) & (column.codes >= 0)
        joint = np.where(both, (joint - 1) * width + column.codes + 1, 0)
        size *= width
    return joint, size


def _lower_bounds(sums: Floats, whole: Floats, least: int) -> Floats:
    """How much larger the mean is inside than outside, less two standard errors.

    -inf for what has too few rows, or too many, to be a slice.
    """
    inside, outside = sums, whole[:, None] - sums
    with np.errstate(divide="ignore", invalid="ignore"):
        means, errors = zip(*(_mean(part) for part in (inside, outside)), strict=True)
        bound = means[0] - means[1] - _SURE * np.sqrt(errors[0] + errors[1])
    unfit = (inside[0] < least) | (outside[0] < least) | (inside[0] > _LARGEST * whole[0])
    return np.where(unfit | ~np.isfinite(bound), -np.inf, bound)


def _mean(sums: Floats) -> tuple[Floats, Floats]:
    rows, total, squares = sums
    mean = total / rows
    return mean, np.maximum(squares / rows - mean**2, 0.0) / (rows - 1)


def _slice(columns: Sequence[Coded], cell: int) -> Slice:
    """The slice of one cell of the columns' joint codes."""
    words, inside = [], np.ones(len(columns[0].codes), dtype=bool)
    for column in reversed(columns):
        cell, code = divmod(cell, len(column.labels))
        inside &= column.codes == code
        words.append(f"{column.name}={column.labels[code]}")
    return Slice(" & ".join(reversed(words)), inside)


def _overlap(one: Bools, other: Bools) -> bool:
    """Whether the smaller of two slices lies for more than half within the other."""
    shared = int((one & other).sum())
    return 2 * shared > min(int(one.sum()), int(other.sum()))


def _size(*parts: Bools) -> int:
    return int(np.logical_and.reduce(parts).sum())
