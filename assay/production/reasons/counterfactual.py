"""What would have made a no a yes: the smallest change of columns that people can change.

The search goes over values that the reference rows hold: of numbers and dates all, or 48 evenly
spaced among the distinct ones; of categories the 48 most frequent. First one column is changed, and
where no value of any makes the answer yes, two columns together, with 8 values each. The model
answers every change; where a method leaves a decision to chance, the change must also do with the
draw that the row had. Of those that make it yes the smallest is told: a number's size is the share
of reference rows between the old value and the new, a category's the share of those that do not
hold the new one, and two changes add up. It promises nothing of other changes or a later model.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from assay.config.data import Actionable
from assay.learning.scoring_model import ScoringModel
from assay.learning.signature import cast_frame, pipeline_kind
from assay.production.reasons.held_draw import decide_with_draw, leaves_to_chance
from assay.production.reasons.usual_values import value_text
from assay.util.printable_text import printable_text

WOULD_BE: Final = "would_be"
_VALUES: Final = 48
_VALUES_OF_TWO: Final = 8
_ROWS: Final = 1 << 14
_ROWS_A_CALL: Final = 1 << 16  # of one call of the model

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Lever:
    """A column that can be changed, and the values that are `tried`: ascending numbers or dates, or
    texts. `held`: the reference rows' values, sorted.
    """

    name: str
    kind: Literal["number", "text", "date"]
    boolean: bool
    direction: Literal["any", "up", "down"]
    tried: pd.Series
    held: pd.Series

    @classmethod
    def find(cls, asked: Actionable, entry: Mapping[str, Any], column: pd.Series) -> Lever:
        """`entry`: the column in the model's signature; `column`: reference rows' values."""
        kind: Any = pipeline_kind(entry["type"])
        held = column.dropna().sort_values(ignore_index=True)
        if kind == "text":
            counts = held.value_counts()
            frequent = sorted(counts.index, key=lambda value: (-counts[value], value))
            told = [value for value in frequent if value_text(value) == value]
            values = pd.Series(told[:_VALUES], dtype=held.dtype)
        else:
            values = pd.Series(_spaced(held.drop_duplicates(ignore_index=True), _VALUES))
            if kind == "number":  # as it is told: another number might not make it yes
                values = values.map(lambda value: float(value_text(value))).drop_duplicates()
            values = values.reset_index(drop=True)
        boolean = entry["type"] == "boolean"
        return cls(asked.column, kind, boolean, asked.direction, values, held)

    def fewer(self, count: int) -> Lever:
        """With so many of its values."""
        kept = self.tried[:count] if self.kind == "text" else _spaced(self.tried, count)
        return Lever(
            self.name,
            self.kind,
            self.boolean,
            self.direction,
            kept.reset_index(drop=True),
            self.held,
        )

    def costs(self, own: pd.Series) -> Floats:
        """The size of each change, (rows, values); infinite where it is none or not allowed."""
        rows, held = len(own), max(len(self.held), 1)
        if self.kind == "text":
            counts = self.held.value_counts()
            size = 1 - self.tried.map(counts).to_numpy(float) / held
            same = own.to_numpy(object)[:, None] == self.tried.to_numpy(object)[None, :]
            return np.where(same, np.inf, np.broadcast_to(size, (rows, len(size))))
        old, new = own.to_numpy(), self.tried.to_numpy()
        missing = own.isna().to_numpy()[:, None]
        size = np.abs(self._rank(new)[None, :] - self._rank(old)[:, None])
        with np.errstate(invalid="ignore"):
            higher, lower = new[None, :] > old[:, None], new[None, :] < old[:, None]
        allowed = {"up": higher, "down": lower, "any": higher | lower | missing}[self.direction]
        return np.where(allowed, np.where(missing, 1.0, size), np.inf)

    def _rank(self, values: np.ndarray) -> Floats:
        """The share of reference rows below, half of those that are equal included."""
        held = self.held.to_numpy()
        both = np.searchsorted(held, values, "left") + np.searchsorted(held, values, "right")
        rank: Floats = both / (2 * max(len(held), 1))
        return rank

    def describe(self, place: int) -> str:
        value = self.tried.iloc[place]
        shown = value_text(bool(value) if self.boolean else value)
        return f"{printable_text(self.name)} were {shown}"


Combination = tuple[tuple[Lever, int], ...]
"""Levers, and the place of each one's new value."""


@dataclass(frozen=True)
class Counterfactual:
    """Finds what would make the noes of one model yeses."""

    model: ScoringModel
    levers: tuple[Lever, ...]

    @classmethod
    def prepare(
        cls, model: ScoringModel, actionable: Sequence[Actionable], reference: pd.DataFrame
    ) -> Counterfactual:
        """`reference`: rows that stand for what is usual, with the model's columns."""
        entries = {entry["name"]: entry for entry in model.signature["inputs"]}
        rows = cast_frame(reference, model.signature["inputs"])
        return cls(
            model,
            tuple(Lever.find(one, entries[one.column], rows[one.column]) for one in actionable),
        )

    @property
    def columns(self) -> dict[str, pa.DataType]:
        return {WOULD_BE: pa.string()}

    def explain(
        self, batch: pa.RecordBatch, answers: Mapping[str, np.ndarray]
    ) -> dict[str, pa.Array]:
        """A sentence for each no; null for each yes."""
        texts = np.full(batch.num_rows, None, dtype=object)
        noes = np.flatnonzero(~np.asarray(answers["decision"], bool))
        changes = self._changes()
        for start in range(0, len(noes), _ROWS):
            which = noes[start : start + _ROWS]
            frame = batch.select(self.model.columns).take(pa.array(which)).to_pandas()
            texts[which] = self._find_changes(frame, changes)
        return {WOULD_BE: pa.array(texts, pa.string())}

    def _changes(self) -> list[Changes]:
        pairs = itertools.combinations(range(len(self.levers)), 2)
        fewer = [one.fewer(_VALUES_OF_TWO) for one in self.levers]
        return [
            Changes(tuple((one,) for one in self.levers)),
            *([Changes(tuple((fewer[a], fewer[b]) for a, b in pairs))] if len(fewer) > 1 else []),
        ]

    def _find_changes(self, frame: pd.DataFrame, changes: Sequence[Changes]) -> list[str]:
        rows = cast_frame(frame, self.model.signature["inputs"])
        groups = self.model.groups(frame)
        *first, last = (printable_text(lever.name) for lever in self.levers)
        names = f"{', '.join(first)} or {last}" if first else last
        texts = [f"no change of {names} that was tried makes it yes"] * len(rows)
        left = np.arange(len(rows))
        for some in changes:
            if not len(left):
                break
            here = None if groups is None else groups[left]
            found = some.find_smallest(self.model, rows.iloc[left], here)
            for row, text in zip(left.tolist(), found, strict=True):
                texts[row] = text or texts[row]
            left = left[[text is None for text in found]]
        return texts


@dataclass(frozen=True)
class Changes:
    """Changes that are tried together: of each set of levers every combination of values."""

    sets: tuple[tuple[Lever, ...], ...]

    def find_smallest(
        self, model: ScoringModel, rows: pd.DataFrame, groups: np.ndarray | None
    ) -> list[str | None]:
        """The smallest change that makes each row's answer yes, in words; None for none."""
        best = np.full(len(rows), np.inf)
        texts: list[str | None] = [None] * len(rows)
        costs = {
            id(lever): lever.costs(rows[lever.name]) for levers in self.sets for lever in levers
        }
        every, at_once = [*self._combinations()], max(1, _ROWS_A_CALL // len(rows))
        for first in range(0, len(every), at_once):
            tried: list[tuple[Combination, Ints, Floats]] = []
            for one in every[first : first + at_once]:
                size = np.sum([costs[id(lever)][:, place] for lever, place in one], axis=0)
                which = np.flatnonzero(size < best)
                if len(which):
                    tried.append((one, which, size))
            if not tried:
                continue
            changed = pd.concat([_change_rows(rows.iloc[which], one) for one, which, _ in tried])
            theirs = np.concatenate([which for _, which, _ in tried])
            here = None if groups is None else groups[theirs]
            answers = model.answer_rows(changed, here)["decision"].to_numpy(bool)
            if leaves_to_chance(model.fitted):
                held = decide_with_draw(model.fitted, changed, here, rows.iloc[theirs])
                answers = answers & held
            start = 0
            for one, which, size in tried:
                yes = which[answers[start : start + len(which)]]
                start += len(which)
                yes = yes[size[yes] < best[yes]]
                best[yes] = size[yes]
                told = " and ".join(lever.describe(place) for lever, place in one)
                for row in yes.tolist():
                    texts[row] = f"would be yes if {told}"
        return texts

    def _combinations(self) -> Iterator[Combination]:
        for levers in self.sets:
            for places in itertools.product(*(range(len(lever.tried)) for lever in levers)):
                yield tuple(zip(levers, places, strict=True))


def _change_rows(rows: pd.DataFrame, combination: Combination) -> pd.DataFrame:
    changed = rows.copy()
    for lever, place in combination:
        value = lever.tried.iloc[[place] * len(rows)]
        changed[lever.name] = value.set_axis(rows.index).astype(rows[lever.name].dtype)
    return changed


def _spaced(values: pd.Series, count: int) -> pd.Series:
    """So many of the values, evenly spaced by their places, both ends among them."""
    if len(values) <= count:
        return values
    return values.iloc[np.unique(np.linspace(0, len(values) - 1, count).round().astype(int))]
