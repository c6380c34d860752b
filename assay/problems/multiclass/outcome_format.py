"""Classes as they arrive after their rows: text in tables, in memory their place, -1 not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.config.data import Target
from assay.errors import DataError, suggest_name
from assay.problems.outcome_format import OutcomeFormat, Outcomes
from assay.tables.class_codes import class_codes
from assay.tables.table import Table


@dataclass(frozen=True)
class MulticlassOutcomes(OutcomeFormat):
    """Places in the target's classes, from 0. Tables hold the labels of the classes, so that they
    keep their meaning where the use case lists its classes otherwise.
    """

    kind = "text"
    known_type = np.int16
    row_type = np.int16
    unknown = -1

    def read_target(self, column: pa.Array) -> Outcomes:
        return class_codes(column, self.target).astype(np.int16)

    def read_labels(self, column: pa.Array) -> Outcomes:
        if not pa.types.is_string(column.type):
            return self.fill_unknown(len(column))
        places = pc.index_in(column, value_set=pa.array(self.target.class_labels))
        found: Outcomes = places.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int16)
        return found

    def write_labels(self, column: pa.Array) -> pa.Array:
        return self.write_outcomes(class_codes(column, self.target))

    def write_outcomes(self, known: Outcomes) -> pa.Array:
        return pa.array(self.target.class_labels).take(pa.array(known))

    def trained_values(self, trained: Table) -> None:  # noqa: ARG002 - the use case lists them
        return None

    def mask_unfit(
        self,
        column: pa.Array,
        trained: pa.Array | None,  # noqa: ARG002 - the use case lists the classes
    ) -> NDArray[np.bool_]:
        unfit: NDArray[np.bool_] = class_codes(column, self.target) < 0
        return unfit

    def describe_unfit(self, value: Any) -> str:
        hint = suggest_name(str(value), self.target.class_labels)
        return f"is no class of the use case{': ' + hint if hint else ''}"

    def target_values(self, first: Table) -> _ClassValues:
        return _ClassValues.from_table(first, self.target)


@dataclass(frozen=True)
class _ClassValues:
    """By class, the first table's commonest value for it."""

    target: Target
    values: Mapping[int, Any]

    @classmethod
    def from_table(cls, first: Table, target: Target) -> _ClassValues:
        held = first.to_arrow([target.column])[target.column]
        if pa.types.is_dictionary(held.type):
            held = held.cast(held.type.value_type)
        counted = pc.value_counts(held)
        order = np.argsort(counted.field("counts").to_numpy(), kind="stable")
        values = counted.field("values")
        codes, known = class_codes(values, target), values.to_pylist()
        return cls(target, {int(codes[i]): known[i] for i in order if codes[i] >= 0})

    def outcomes(self, truth: Outcomes, own: pa.Array | None, kind: pa.DataType) -> pa.Array:
        said = kind.value_type if pa.types.is_dictionary(kind) else kind
        known = self._written_values(said).take(pa.array(truth, mask=truth < 0))
        if own is None:
            return known
        plain = own.cast(said)
        agrees = pa.array((truth < 0) | (class_codes(plain, self.target) == truth))
        return pc.if_else(agrees, plain, known)

    def _written_values(self, kind: pa.DataType) -> pa.Array:
        """A value for each class, in the target's order; of a class without rows, its name."""
        named = [self.values.get(code, one) for code, one in enumerate(self.target.classes)]
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            named = [str(one) for one in named]
        try:
            return pa.array(named, kind)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise DataError(
                f"{self.target.column!r} holds {kind} values, and cannot hold every class: {error}",
                remedy="Name under data.target.classes the values as the column holds them.",
            ) from None
