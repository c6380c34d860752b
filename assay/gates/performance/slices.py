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

from assay.gates.performance.coded_columns import CodedColumn, code_columns
from assay.gates.statistics.cluster_errors import Clusters, weighted_mean, weights_of
from assay.gates.statistics.design_effect import effective_rows
from assay.gates.statistics.intervals import Bools, Floats
from assay.gates.statistics.multiple_testing import holm
from assay.gates.statistics.welch import WelchTest, clustered_test, welch_test

MAX_SLICES = 10
_MAX_TRIED = 400  # of the worst, until ten are found that are not much the same rows
_MAX_SHARE = 0.75  # of all rows: what is most of them is no slice
_STANDARD_ERRORS = 2.0  # standard errors by which slices are ranked below what they seem


@dataclass(frozen=True, slots=True)
class Slice:
    """Some rows by the values that they share: "sex=Female & age=<30"."""

    label: str
    inside: Bools  # a row of the table each


@dataclass(frozen=True, slots=True)
class MeasuredSlice:
    """A slice, and by how much its values exceed those of the other rows of the second half.

    `p` is Holm's over all slices measured with it: that the excess is no more than the margin.
    """

    slice: Slice
    excess: WelchTest
    p: float


@dataclass(frozen=True, slots=True)
class SliceSearchSpace:
    """Coded columns, and which rows are searched; the rest is what is tested."""

    columns: tuple[CodedColumn, ...]
    search_half: Bools
    min_rows: int  # rows of a slice in either half
    clusters: Clusters | None = None  # of which all rows are in one half


def build_search_space(
    features: pd.DataFrame, rows: int, seed: int, clusters: Clusters | None = None
) -> SliceSearchSpace:
    """Cut the rows into halves at random, and the columns into codes that hold `rows` each."""
    drawn = len(features) if clusters is None else int(clusters.codes.max()) + 1
    order = np.random.default_rng(seed).permutation(drawn)
    half = order % 2 == 0 if clusters is None else order[clusters.codes] % 2 == 0
    return SliceSearchSpace(tuple(code_columns(features, rows)), half, rows // 2, clusters)


def weakest_slices(space: SliceSearchSpace, values: Floats, margin: float) -> list[MeasuredSlice]:
    """Up to ten slices whose `values` (one a row, more is worse) are largest, the worst first.

    Chosen and ordered by the first half alone; none shares more than half its rows with another.
    """
    found = [
        s
        for s in _search_half(space, values)
        if _count_rows(s.inside, ~space.search_half) >= space.min_rows
    ]
    tested = ~space.search_half
    held = [_test_excess(space, values, tested, s.inside, margin) for s in found]
    adjusted = holm([each.p for each in held])
    return [MeasuredSlice(*row) for row in zip(found, held, map(float, adjusted), strict=True)]


def _test_excess(
    space: SliceSearchSpace, values: Floats, tested: Bools, inside: Bools, margin: float
) -> WelchTest:
    own, others = tested & inside, tested & ~inside
    if space.clusters is None:
        return welch_test(values[own], values[others], margin)
    inner, outer = space.clusters.of(own), space.clusters.of(others)
    return clustered_test(
        weighted_mean(values[own], inner) - weighted_mean(values[others], outer),
        inner.mean_error(values[own]).plus(outer.mean_error(values[others]).times(-1.0)),
        margin,
    )


# --- search -------------------------------------------------------------------------------------


def _search_half(space: SliceSearchSpace, values: Floats) -> list[Slice]:
    """The worst of the searched half, by how much worse they are at the least."""
    here, weights = values[space.search_half], weights_of(space.clusters)
    counted = np.ones(len(here)) if weights is None else weights[space.search_half]
    columns = [CodedColumn(c.name, c.codes[space.search_half], c.labels) for c in space.columns]
    if weights is not None:
        counted = counted * (effective_rows(counted) / counted.sum())
    moments = (None if weights is None else counted, counted * here, counted * here**2)
    whole = np.array([counted.sum(), moments[1].sum(), moments[2].sum()])
    cells = list(_cell_sums(columns, moments))
    if not cells:
        return []
    scores = np.concatenate([_lower_bounds(sums, whole, space.min_rows) for _, sums in cells])
    starts = np.cumsum([0, *(sums.shape[1] for _, sums in cells)])
    chosen: list[Slice] = []
    for place in np.argsort(-scores, kind="stable")[:_MAX_TRIED]:
        if scores[place] <= 0 or len(chosen) == MAX_SLICES:
            break
        group = int(np.searchsorted(starts, place, side="right")) - 1
        made = _slice_of_cell(
            [space.columns[i] for i in cells[group][0]], int(place - starts[group])
        )
        if not any(_overlaps(made.inside, other.inside) for other in chosen):
            chosen.append(made)
    return chosen


def _cell_sums(
    columns: Sequence[CodedColumn], moments: tuple[Floats | None, Floats, Floats]
) -> Iterator[tuple[tuple[int, ...], Floats]]:
    """(columns, sums) of every single column and pair: rows, values, squares by joint code.

    `moments`: what each row adds to these. Weighted rows count for as many as they are worth.
    """
    for chosen in [*combinations(range(len(columns)), 1), *combinations(range(len(columns)), 2)]:
        joint, size = _joint_codes([columns[i] for i in chosen])
        known = [np.bincount(joint, moment, minlength=size + 1) for moment in moments]
        sums = np.array(known, dtype=float)[:, 1:]  # the first: values too rare to tell
        if len(chosen) == 2:
            shape = (3, len(columns[chosen[0]].labels), -1)
            sums[0, ~_worse_together(sums.reshape(shape)).ravel()] = 0
        yield chosen, sums


def _worse_together(sums: Floats) -> Bools:
    """Pairs (of the two last axes) that are surely worse than either of their values alone."""
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, error = _mean_and_variance(sums)
        alone = [_mean_and_variance(sums.sum(axis=axis, keepdims=True))[0] for axis in (1, 2)]
        return np.asarray(mean - np.maximum(*alone) > _STANDARD_ERRORS * np.sqrt(error))


def _joint_codes(columns: Sequence[CodedColumn]) -> tuple[np.ndarray, int]:
    """Codes from 1 of the columns' values together, 0 where one of them is too rare."""
    first, *rest = columns
    joint, size = first.codes + 1, len(first.labels)
    for column in rest:
        width = len(column.labels)
        both = (joint > 0) & (column.codes >= 0)
        joint = np.where(both, (joint - 1) * width + column.codes + 1, 0)
        size *= width
    return joint, size


def _lower_bounds(sums: Floats, whole: Floats, min_rows: int) -> Floats:
    """How much larger the mean is inside than outside, less two standard errors.

    -inf for what has too few rows, or too many, to be a slice.
    """
    inside, outside = sums, whole[:, None] - sums
    with np.errstate(divide="ignore", invalid="ignore"):
        means, errors = zip(*(_mean_and_variance(part) for part in (inside, outside)), strict=True)
        bound = means[0] - means[1] - _STANDARD_ERRORS * np.sqrt(errors[0] + errors[1])
    unfit = (inside[0] < min_rows) | (outside[0] < min_rows) | (inside[0] > _MAX_SHARE * whole[0])
    return np.where(unfit | ~np.isfinite(bound), -np.inf, bound)


def _mean_and_variance(sums: Floats) -> tuple[Floats, Floats]:
    rows, total, squares = sums
    mean = total / rows
    return mean, np.maximum(squares / rows - mean**2, 0.0) / (rows - 1)


def _slice_of_cell(columns: Sequence[CodedColumn], cell: int) -> Slice:
    """The slice of one cell of the columns' joint codes."""
    words, inside = [], np.ones(len(columns[0].codes), dtype=bool)
    for column in reversed(columns):
        cell, code = divmod(cell, len(column.labels))
        inside &= column.codes == code
        words.append(f"{column.name}={column.labels[code]}")
    return Slice(" & ".join(reversed(words)), inside)


def _overlaps(first: Bools, second: Bools) -> bool:
    """Whether the smaller of two slices lies for more than half within the other."""
    shared = int((first & second).sum())
    return 2 * shared > min(int(first.sum()), int(second.sum()))


def _count_rows(*parts: Bools) -> int:
    return int(np.logical_and.reduce(parts).sum())
