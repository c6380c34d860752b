"""Probabilities and decisions for several classes, and labels where these came, from a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from assay.errors import DataError, suggest_name
from assay.gates.drift.cell_grid import numeric_values
from assay.gates.drift.scored_rows import ColumnRoles, encode_dictionary, text_of_value
from assay.gates.statistics.intervals import Bools, Floats
from assay.tables.distribution import Integers

_ROUNDING: Final = 0.02  # sums of probabilities that were written with two decimals


@dataclass(frozen=True, eq=False)
class ScoredClasses:
    """Rows of one side, in order: probabilities, (rows, classes); decisions and truth as numbers of
    classes, (rows,), the truth -1 where no label has come.
    """

    classes: tuple[str, ...]
    probability: Floats
    decision: Integers
    truth: Integers

    def __len__(self) -> int:
        return len(self.decision)

    @property
    def labelled(self) -> Bools:
        return self.truth >= 0

    @property
    def outcomes(self) -> Floats:
        """1 for the true class and 0 for others, (rows, classes): of labelled rows."""
        return np.eye(len(self.classes))[self.truth]

    def take(self, rows: Bools) -> ScoredClasses:
        return ScoredClasses(
            self.classes, self.probability[rows], self.decision[rows], self.truth[rows]
        )


def read_scored_classes(rows: pa.Table, roles: ColumnRoles, side: str) -> ScoredClasses:
    """The answers in these rows.

    Raises DataError for probabilities that are missing, outside 0 to 1 or do not sum to 1, and for
    decisions that are missing and decisions or labels that are no class with a probability.
    """
    assert roles.prediction is not None, "several classes are judged by decisions too"
    classes = tuple(roles.probabilities)
    columns = [_probability(rows, name, side) for name in roles.probabilities.values()]
    probability = np.column_stack(columns)
    total = probability.sum(axis=1)
    odd = np.abs(total - 1) > max(_ROUNDING, 0.005 * len(classes))
    if odd.any():
        raise DataError(
            f"the probabilities of {int(odd.sum()):,} of {len(odd):,} rows do not sum to 1, but to"
            f" {total[odd][0]:.3g} for instance",
            where=side,
            remedy="Name a column for each class: --probability CLASS=COLUMN.",
        )
    decision = _class_numbers(rows, roles.prediction, classes, side)
    missing = int((decision < 0).sum())
    if missing:
        raise DataError(f"{missing:,} rows have no {roles.prediction!r}", where=side)
    truth = np.full(len(decision), -1)
    if roles.truth and roles.truth in rows.column_names:
        truth = _class_numbers(rows, roles.truth, classes, side)
    return ScoredClasses(classes, probability, decision, truth)


def _probability(rows: pa.Table, name: str, side: str) -> Floats:
    kind = rows.column(name).type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        raise DataError(f"the column {name!r} holds no probabilities but {kind}", where=side)
    values = numeric_values(rows.column(name))
    bad = ~((values >= 0) & (values <= 1))
    if bad.any():
        raise DataError(
            f"{int(bad.sum()):,} of {len(values):,} values of {name!r} are no probabilities, "
            f"such as {values[bad][0]:g}",
            where=side,
            remedy="Every row needs the probability of each class, from 0 to 1.",
        )
    return values


def _class_numbers(rows: pa.Table, name: str, classes: tuple[str, ...], side: str) -> Integers:
    """-1 for missing values."""
    coded = encode_dictionary(rows.column(name))
    texts = [text_of_value(value) for value in coded.dictionary.to_pylist()]
    numbers = {label: at for at, label in enumerate(classes)}
    strange = [text for text in texts if text not in numbers]
    if strange:
        raise DataError(
            f"{name!r} holds {strange[0]!r}, for which no column of probabilities is named",
            where=side,
            remedy=suggest_name(
                strange[0], classes, "Name one for each class: --probability CLASS=COLUMN."
            ),
        )
    means = np.array([*(numbers[text] for text in texts), -1], dtype=np.int64)
    indices = coded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
    found: Integers = means[indices]
    return found
