"""Amounts as they arrive after their rows: numbers in the target's unit, NaN not known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.config.data import Target
from assay.errors import DataError
from assay.problems.outcome_column import is_number
from assay.problems.outcome_format import OutcomeFormat, Outcomes
from assay.tables.columns import MAX_NUMBER
from assay.tables.table import Table


@dataclass(frozen=True)
class RegressionOutcomes(OutcomeFormat):
    """Amounts that can be learnt: finite, within `MAX_NUMBER`, and under `log` above 0."""

    kind = "number"
    known_type = np.float64
    row_type = np.float64
    unknown = np.nan

    def read_target(self, column: pa.Array) -> Outcomes:
        amounts = _amounts(column)
        return self.keep_where(self._is_learnable(amounts), amounts)

    def read_labels(self, column: pa.Array) -> Outcomes:
        # A label of another question is none of this one: a yes is no amount of 1.
        return self.read_target(column)

    def write_labels(self, column: pa.Array) -> pa.Array:
        return pa.array(_amounts(column))

    def write_outcomes(self, known: Outcomes) -> pa.Array:
        return pa.array(known)

    def trained_values(self, trained: Table) -> None:  # noqa: ARG002 - any amount may come
        return None

    def mask_unfit(
        self,
        column: pa.Array,
        trained: pa.Array | None,  # noqa: ARG002 - any amount may come
    ) -> NDArray[np.bool_]:
        return ~self._is_learnable(_amounts(column))

    def describe_unfit(self, value: Any) -> str:
        if self.target.log and isinstance(value, int | float) and value <= 0:
            return "is not above 0, and the target says `log: true`"
        return f"is no finite number up to {MAX_NUMBER:g}"

    def target_values(self, first: Table) -> _Amounts:  # noqa: ARG002 - amounts are their values
        return _Amounts(self.target)

    def mask_known(self, outcomes: Outcomes) -> NDArray[np.bool_]:
        return ~np.isnan(outcomes)

    def _is_learnable(self, amounts: Outcomes) -> NDArray[np.bool_]:
        fit: NDArray[np.bool_] = np.abs(amounts) <= MAX_NUMBER  # false for NaN
        return fit & (amounts > 0) if self.target.log else fit


@dataclass(frozen=True)
class _Amounts:
    target: Target

    def outcomes(self, truth: Outcomes, own: pa.Array | None, kind: pa.DataType) -> pa.Array:
        unknown = np.isnan(truth)
        try:
            known = pa.array(truth, mask=unknown).cast(kind)
        except pa.ArrowInvalid:
            raise DataError(
                f"labels of {self.target.column!r} are no {kind} values, which the first table has",
                remedy="Read the column as numbers: write it under data.types as number.",
            ) from None
        if own is None:
            return known
        # Whole numbers beyond 2**53 agree with their rounded label, and are kept as they are.
        keeps = unknown | (_amounts(own) == truth)
        return pc.if_else(pa.array(keeps), own.cast(kind), known)


def _amounts(column: pa.Array) -> Outcomes:
    """Float64, NaN where a value is missing; NaN throughout in a column without numbers."""
    if not is_number(column.type):
        return np.full(len(column), np.nan)
    amounts: Outcomes = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return amounts
