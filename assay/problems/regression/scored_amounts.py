"""Predicted amounts, and labels where they have come, from a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from assay.errors import DataError
from assay.gates.drift.cell_grid import numeric_values
from assay.gates.drift.scored_rows import ColumnRoles
from assay.gates.statistics.intervals import Bools, Floats

_LARGEST: Final = 1e150  # the squares of larger errors are no numbers


@dataclass(frozen=True, eq=False)
class ScoredAmounts:
    """Rows of one side, in order: predictions, and the truth, NaN where no label has come."""

    prediction: Floats
    truth: Floats

    def __len__(self) -> int:
        return len(self.prediction)

    @property
    def labelled(self) -> Bools:
        return ~np.isnan(self.truth)

    @property
    def errors(self) -> Floats:
        """Prediction minus truth."""
        return self.prediction - self.truth

    def take(self, rows: Bools) -> ScoredAmounts:
        return ScoredAmounts(self.prediction[rows], self.truth[rows])


def read_scored_amounts(rows: pa.Table, roles: ColumnRoles, side: str) -> ScoredAmounts:
    """The predictions in these rows. Raises DataError for any that is missing or no finite number,
    and for labels that are infinite or no numbers.
    """
    assert roles.prediction is not None, "amounts are judged by predictions"
    prediction = _amounts(rows, roles.prediction, side)
    odd = ~np.isfinite(prediction) | (np.abs(prediction) > _LARGEST)
    if odd.any():
        raise DataError(
            f"{int(odd.sum()):,} of {len(odd):,} values of {roles.prediction!r} are missing or"
            " no finite amount",
            where=side,
            remedy="Every row needs the model's prediction.",
        )
    truth = np.full(len(prediction), np.nan)
    if roles.truth and roles.truth in rows.column_names:
        truth = _amounts(rows, roles.truth, side)
    odd = np.isinf(truth) | (np.abs(truth) > _LARGEST)
    if odd.any():
        raise DataError(
            f"{int(odd.sum()):,} of {len(odd):,} values of {roles.truth!r} are no finite amount",
            where=side,
            remedy="Leave the label empty where it is not known.",
        )
    return ScoredAmounts(prediction, truth)


def _amounts(rows: pa.Table, name: str, side: str) -> Floats:
    column = rows.column(name)
    kind = column.type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind)):
        raise DataError(f"the column {name!r} holds no amounts but {kind}", where=side)
    return numeric_values(column)
