"""Features as numbers that models learn from, and rows unlike any that the reference held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from assay.gates.drift.cell_grid import numeric_values
from assay.gates.drift.column_shift import ColumnShift
from assay.gates.statistics.intervals import Bools, Floats
from assay.tables.distribution import Integers

_TAIL: Final = 0.001  # of the reference, on either side: beyond it a row is outside its range


def shuffled_order(rows: Floats) -> Integers:
    """A random order of encoded rows, (rows, columns), that depends on what they hold alone, not
    on how they came.

    (Sorted rows dealt out to folds in turn would not do: folds would share the sampling noise.)
    """
    drawn = np.random.default_rng(0).permutation(len(rows))
    found: Integers = np.lexsort(rows.T)[drawn]
    return found


@dataclass(frozen=True, eq=False)
class FeatureEncoder:
    """Encodes the columns of `shifts`: numbers as they are, texts as the codes of their cells."""

    shifts: Sequence[ColumnShift]

    @property
    def categorical(self) -> list[bool]:
        """By column, whether its codes have no order."""
        return [shift.grid.edges is None for shift in self.shifts]

    def encode(self, rows: pa.Table) -> Floats:
        """(rows, columns), NaN for a missing number."""
        columns = [
            shift.grid.codes(rows.column(shift.name)).astype(np.float64)
            if shift.grid.edges is None
            else numeric_values(rows.column(shift.name))
            for shift in self.shifts
        ]
        return np.column_stack(columns) if columns else np.empty((rows.num_rows, 0))


@dataclass(frozen=True, eq=False)
class ReferenceRange:
    """What the reference's rows hold, by column: all but the outermost thousandth of numbers on
    either side, and each code of a text.

    `usual_share`: the share of the reference's own rows that lie outside in some column.
    """

    low: Floats
    high: Floats
    has_missing: Bools
    codes: Sequence[frozenset[float] | None]
    usual_share: float = 0.0

    @classmethod
    def from_rows(cls, rows: Floats, categorical: Sequence[bool]) -> ReferenceRange:
        """From encoded reference rows, (rows, columns)."""
        low, high = (
            np.array([_quantile(column, at, method) for column in rows.T])
            for at, method in ((_TAIL, "lower"), (1 - _TAIL, "higher"))
        )
        codes = [
            frozenset(np.unique(column).tolist()) if coded else None
            for column, coded in zip(rows.T, categorical, strict=True)
        ]
        held = cls(low, high, np.asarray(np.isnan(rows).any(axis=0)), codes)
        return cls(low, high, held.has_missing, codes, float(held.outside(rows).mean()))

    def outside(self, rows: Floats) -> Bools:
        """Of encoded rows, which lie outside in some column, (rows,)."""
        found = np.zeros(len(rows), dtype=bool)
        for at, column in enumerate(rows.T):
            held = self.codes[at]
            if held is not None:
                found |= ~np.isin(column, list(held))
                continue
            found |= (column < self.low[at]) | (column > self.high[at])
            if not self.has_missing[at]:
                found |= np.isnan(column)
        return found

    def unlike_share(self, rows: Floats) -> float:
        """Share of encoded rows outside, beyond what the reference's own rows have; at least 0."""
        return max(float(self.outside(rows).mean()) - self.usual_share, 0.0)


def _quantile(column: Floats, at: float, method: str) -> float:
    known = column[~np.isnan(column)]
    if not len(known):
        return float("nan")
    return float(np.quantile(known, at, method=method))  # type: ignore[call-overload]
