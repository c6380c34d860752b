"""Yes and no as they arrive after their rows: 1 yes, 0 no, -1 not known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.config.data import Target
from assay.dataset.target import labels_from_column, match_outcome
from assay.problems.outcome_format import OutcomeFormat, Outcomes
from assay.tables.table import Table

_MAX_VALUES: Final = 1000  # distinct values of a target above which they are not compared


@dataclass(frozen=True)
class BinaryOutcomes(OutcomeFormat):
    """Booleans."""

    kind = "boolean"
    known_type = np.bool_
    row_type = np.int8
    unknown = -1

    def read_target(self, column: pa.Array) -> Outcomes:
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        missing = column.is_null().to_numpy(zero_copy_only=False)
        yes = np.zeros(len(column), bool)
        yes[~missing] = match_outcome(column.drop_null(), self.target)
        return self.keep_where(~missing, yes)

    def read_labels(self, column: pa.Array) -> Outcomes:
        if not pa.types.is_boolean(column.type):
            return self.fill_unknown(len(column))
        found: Outcomes = column.to_numpy(zero_copy_only=False).astype(np.int8)
        return found

    def write_labels(self, column: pa.Array) -> pa.Array:
        return pa.array(match_outcome(column, self.target))

    def write_outcomes(self, known: Outcomes) -> pa.Array:
        return pa.array(known == 1)

    def trained_values(self, trained: Table) -> pa.Array | None:
        """The values that the target had in training; None where they are too many, or numbers."""
        if self.target.above is not None:
            return None
        column = trained.to_arrow([self.target.column])[self.target.column]
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        values = pc.unique(column).drop_null()
        return values if len(values) <= _MAX_VALUES else None

    def mask_unfit(self, column: pa.Array, trained: pa.Array | None) -> NDArray[np.bool_]:
        """Outcomes with a value that training never saw: a misspelt yes must not pass for no."""
        if trained is None:
            return np.zeros(len(column), bool)
        seen = pc.is_in(column.cast(trained.type), value_set=trained)
        unfit: NDArray[np.bool_] = ~seen.to_numpy(zero_copy_only=False)
        return unfit

    def describe_unfit(self, value: Any) -> str:  # noqa: ARG002 - all alike
        return "was never seen in training"

    def target_values(self, first: Table) -> _YesAndNo:
        return _YesAndNo.from_table(first, self.target)


@dataclass(frozen=True)
class _YesAndNo:
    """The target's values for yes and for no; of several values for no, the commonest."""

    target: Target
    yes: Any
    no: Any

    @classmethod
    def from_table(cls, first: Table, target: Target) -> _YesAndNo:
        held = first.to_arrow([target.column])[target.column]
        kind = held.type
        counted = pc.value_counts(
            held.cast(kind.value_type) if pa.types.is_dictionary(kind) else held
        )
        values, counts = pa.chunked_array([counted.field("values")]), counted.field("counts")
        positive = labels_from_column(values, target)
        order = np.argsort(-counts.to_numpy(), kind="stable")
        known = values.to_pylist()
        yes = next(known[i] for i in order if positive[i])
        return cls(target, yes, next(known[i] for i in order if not positive[i]))

    def outcomes(self, truth: Outcomes, own: pa.Array | None, kind: pa.DataType) -> pa.Array:
        said = kind.value_type if pa.types.is_dictionary(kind) else kind
        yes, no = pa.scalar(self.yes, said), pa.scalar(self.no, said)
        known = pc.if_else(pa.array(truth == 1), yes, no)
        if own is None:
            return known
        plain = own.cast(said)
        positive = match_outcome(plain.fill_null(no), self.target)
        agrees = pc.and_(plain.is_valid(), pa.array(positive == (truth == 1)))
        return pc.if_else(pc.or_(pa.array(truth < 0), agrees), plain, known)
