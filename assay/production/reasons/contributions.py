"""How far each column moved each answer: Shapley values, by sampled orders of the columns.

A row's columns are replaced one after another by those of a background row, and each replacement's
effect on the answer is that column's. Each background row has one order of the columns and the same
order backwards; a column's contribution is its mean effect. Where columns add up, that is exact:
how far the column's part lies from its mean over the background rows. A column with the same value
in both rows has no effect.

Sources: Strumbelj and Kononenko, "Explaining prediction models and individual predictions with
feature contributions", Knowledge and Information Systems 41, 2014; Lundberg and Lee, "A unified
approach to interpreting model predictions", NeurIPS 2017; Mitchell, Cooper, Frank and Holmes,
"Sampling permutations for Shapley value estimation", JMLR 23, 2022 (orders and their reverse).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Measure = Callable[[pd.DataFrame], Floats]
"""From rows as the pipeline takes them to the numbers behind their answers, (rows, outputs)."""

_ROWS_A_CALL: Final = 1 << 17  # of one call of the model
_LARGEST_KEY: Final = 1 << 62
_ROUNDING: Final = 1e-9  # of the answers' size: sums differ by less between batches


@dataclass(frozen=True)
class Background:
    """Rows that stand for what is usual, as the pipeline takes them, the numbers behind their
    `answers` (rows, outputs), and for each an order of the columns (rows, columns).
    """

    rows: pd.DataFrame
    answers: Floats
    orders: Ints

    @classmethod
    def draw(cls, rows: pd.DataFrame, values: Floats, count: int, seed: int) -> Background:
        """`count` of the rows, evenly spaced by their answers, so that few stand for all.
        `values`: the numbers behind these.
        """
        largest = values.argmax(axis=1)
        ranked = np.lexsort((np.arange(len(rows)), values[np.arange(len(rows)), largest], largest))
        count = min(count, len(rows))
        chosen = ranked[((np.arange(count) + 0.5) * len(rows) / count).astype(np.int64)]
        source = np.random.default_rng(seed)
        orders = [source.permutation(rows.shape[1]) for _ in range(count)]
        return cls(rows.iloc[chosen], values[chosen], np.array(orders, np.int64))


def measure_contributions(
    measure: Measure, rows: pd.DataFrame, values: Floats, outputs: Ints, background: Background
) -> Floats:
    """What each column adds to each row's answer, (rows, columns), in the unit of `measure`.

    `values` is `measure` of the rows, and `outputs` says which of a row's numbers is explained. A
    row's contributions do not depend on the other rows, and sum to its answer minus the mean answer
    of the background rows. Those that are no finite numbers are 0.
    """
    walks = [
        _Walk(place, order)
        for place, forwards in enumerate(background.orders)
        for order in (forwards, forwards[::-1])
    ]
    at_once = max(1, _ROWS_A_CALL // max(1, len(rows)))
    stretch = _Stretch(measure, _CodedColumns(rows, background.rows), outputs, background)
    start = values[np.arange(len(rows)), outputs]
    total = np.zeros((len(rows), rows.shape[1]))
    for first in range(0, len(walks), at_once):
        group = walks[first : first + at_once]
        before = [start] * len(group)
        for step in range(rows.shape[1]):
            after = _take_step(stretch, group, step, before)
            for walk, old, new in zip(group, before, after, strict=True):
                total[:, walk.order[step]] += np.nan_to_num(old - new, posinf=0, neginf=0)
            before = after
    unit = _ROUNDING * max(float(np.abs(np.nan_to_num(background.answers)).max()), 1e-300)
    rounded: Floats = np.rint(total / max(len(walks), 1) / unit) * unit
    return rounded


@dataclass(frozen=True)
class _Walk:
    """The way from rows to a background row, by its place: which column is replaced when."""

    place: int
    order: Ints


class _CodedColumns:
    """Rows and background rows by column, with a code for each distinct value."""

    def __init__(self, rows: pd.DataFrame, background: pd.DataFrame) -> None:
        self.rows, self.background = rows, background
        self._own, self._theirs, self._sizes = [], [], []
        for name in rows.columns:
            both = pd.concat([rows[name], background[name]], ignore_index=True)
            codes, known = pd.factorize(both, use_na_sentinel=False)
            self._own.append(codes[: len(rows)].astype(np.int64))
            self._theirs.append(codes[len(rows) :].astype(np.int64))
            self._sizes.append(len(known))

    def find_different(self, column: int, place: int) -> Ints:
        """The rows whose value in a column is not that of a background row."""
        return np.flatnonzero(self._own[column] != self._theirs[column][place])

    def distinct(self, which: Ints, kept: Sequence[int]) -> tuple[Ints, Ints]:
        """Of some rows those that differ in the columns `kept`, and for each row which it is."""
        key, size = np.zeros(len(which), np.int64), 1
        for column in kept:
            if size * self._sizes[column] >= _LARGEST_KEY:
                key, known = pd.factorize(key)
                size = len(known)
            key = key * self._sizes[column] + self._own[column][which]
            size *= self._sizes[column]
        _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
        return which[first], inverse

    def mix(self, which: Ints, kept: Sequence[int], place: int) -> pd.DataFrame:
        """Some rows, with all columns but those `kept` from a background row."""
        other = np.full(len(which), place)
        own = set(kept)
        mixed = {
            name: self.rows[name].array.take(which)
            if number in own
            else self.background[name].array.take(other)
            for number, name in enumerate(self.rows.columns)
        }
        return pd.DataFrame(mixed)


@dataclass(frozen=True)
class _Stretch:
    """The rows that walk together."""

    measure: Measure
    columns: _CodedColumns
    outputs: Ints
    background: Background


def _take_step(
    stretch: _Stretch, walks: Sequence[_Walk], step: int, before: Sequence[Floats]
) -> list[Floats]:
    """The answers after one more column is replaced, for each walk. One call of the model."""
    columns, outputs = stretch.columns, stretch.outputs
    after, frames, places = [one.copy() for one in before], [], []
    for number, walk in enumerate(walks):
        kept = walk.order[step + 1 :].tolist()
        which = columns.find_different(int(walk.order[step]), walk.place)
        if not kept:
            after[number][which] = stretch.background.answers[walk.place][outputs[which]]
        elif len(which):
            first, inverse = columns.distinct(which, kept)
            frames.append(columns.mix(first, kept, walk.place))
            places.append((number, which, inverse))
    if frames:
        found, start = stretch.measure(pd.concat(frames, ignore_index=True)), 0
        for frame, (number, which, inverse) in zip(frames, places, strict=True):
            mine = found[start : start + len(frame)]
            after[number][which] = mine[inverse, outputs[which]]
            start += len(frame)
    return after
