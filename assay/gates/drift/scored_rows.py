"""Predictions with their probabilities, and labels where they have come, from a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.config.data import Sensitive
from assay.dataset.groups import unchecked_group_labels
from assay.errors import DataError
from assay.gates.statistics.intervals import Bools, Floats

LabelCodes = NDArray[np.int8]
GroupCodes = tuple[NDArray[np.int32], tuple[str, ...]]
"""Each row's group as a code, and the groups' labels."""

_YES: Final = frozenset({"true", "yes", "y", "1"})
_NO: Final = frozenset({"false", "no", "n", "0"})


@dataclass(frozen=True, kw_only=True)
class ColumnRoles:
    """Which columns hold a model's output and the labels; None for what there is not."""

    probability: str | None = None
    probabilities: Mapping[str, str] = field(default_factory=dict)
    """Of several classes, by class, in place of `probability`."""
    prediction: str | None = None
    truth: str | None = None
    positive: str | None = None
    """The value that means yes, in predictions and labels alike."""
    by: Sequence[str] = ()
    sensitive: Mapping[str, Sensitive] = field(default_factory=dict)

    @property
    def answers(self) -> list[str]:
        """The columns of a model's output."""
        every = (self.probability, *self.probabilities.values(), self.prediction)
        return [name for name in every if name]

    @property
    def outputs(self) -> list[str]:
        """The columns that are no features."""
        return [*self.answers, *([self.truth] if self.truth else [])]


@dataclass(frozen=True, eq=False)
class ScoredRows:
    """Rows of one side, in order. `truth` holds 1, 0, and -1 where no label has come.

    `decision` is None where no predictions were named. `groups` are there by column, any number
    of them: what cannot be judged by group is judged as a whole.
    """

    probability: Floats
    decision: Bools | None
    truth: LabelCodes | None
    groups: Mapping[str, GroupCodes]

    def __len__(self) -> int:
        return len(self.probability)

    @property
    def labelled_rows(self) -> int:
        return 0 if self.truth is None else int((self.truth >= 0).sum())


def read_scored_rows(rows: pa.Table, roles: ColumnRoles, side: str) -> ScoredRows | None:
    """The predictions in these rows; None if no probabilities were named.

    Only the columns that `roles` names are looked at. Raises DataError for probabilities that are
    missing or outside 0 to 1, predictions that are missing, columns that hold no yes and no, and
    cut points on a group that is no number.
    """
    if roles.probability is None:
        return None
    decision = truth = None
    if roles.prediction:
        codes = _label_codes(rows[roles.prediction], roles.prediction, roles.positive, side)
        missing = int((codes < 0).sum())
        if missing:
            raise DataError(f"{missing:,} rows have no {roles.prediction!r}", where=side)
        decision = codes == 1
    if roles.truth and roles.truth in rows.column_names:
        truth = _label_codes(rows[roles.truth], roles.truth, roles.positive, side)
    groups = {name: group_codes(rows[name], name, roles) for name in roles.by}
    return ScoredRows(_probability(rows[roles.probability], roles, side), decision, truth, groups)


def _probability(column: pa.ChunkedArray, roles: ColumnRoles, side: str) -> Floats:
    name = roles.probability
    kind = column.type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        raise DataError(f"the column {name!r} holds no probabilities but {kind}", where=side)
    values: Floats = column.cast(pa.float64()).to_numpy()
    bad = ~((values >= 0) & (values <= 1))
    if bad.any():
        raise DataError(
            f"{int(bad.sum()):,} of {len(values):,} values of {name!r} are no probabilities, "
            f"such as {values[bad][0]:g}",
            where=side,
            remedy="Every row needs the model's probability of yes, from 0 to 1.",
        )
    return values


def _label_codes(column: pa.ChunkedArray, name: str, positive: str | None, side: str) -> LabelCodes:
    """1 for yes, 0 for no, -1 for missing."""
    coded = encode_dictionary(column)
    texts = [text_of_value(value) for value in coded.dictionary.to_pylist()]
    means = np.array([*_codes_of_texts(texts, name, positive, side), -1], dtype=np.int8)
    indices = coded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
    found: LabelCodes = means[indices]
    return found


def text_of_value(value: object) -> str:
    """A label as text: "1" for 1, "1" and 1.0, "true" for True."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, int | float) else str(value).strip()


def _codes_of_texts(texts: Sequence[str], name: str, positive: str | None, side: str) -> list[int]:
    if len(set(texts)) > 2:
        raise DataError(
            f"the column {name!r} holds {len(set(texts)):,} different values, not two: "
            f"{', '.join(sorted(set(texts))[:5])}",
            where=side,
            remedy="Drift of performance is judged for yes or no decisions.",
        )
    if positive is not None:
        wanted = {positive, positive.lower()} if positive.lower() in _YES else {positive}
        return [int(text in wanted) for text in texts]
    if not all(text.lower() in _YES | _NO for text in texts):
        raise DataError(
            f"which value of {name!r} means yes: {', '.join(sorted(set(texts)))}?",
            where=side,
            remedy="Name it with --positive.",
        )
    return [int(text.lower() in _YES) for text in texts]


def group_codes(column: pa.ChunkedArray, name: str, roles: ColumnRoles) -> GroupCodes:
    """Codes of groups, by the labels of the distinct values: rows may be many."""
    import pandas as pd

    coded = encode_dictionary(column)
    values = pa.concat_arrays([coded.dictionary, pa.nulls(1, coded.dictionary.type)])
    indices = coded.indices.fill_null(len(values) - 1).to_numpy(zero_copy_only=False)
    seen, place = np.unique(indices, return_inverse=True)
    distinct = values.take(pa.array(seen)).to_pandas()
    labels = unchecked_group_labels(distinct, roles.sensitive.get(name, Sensitive()), name)
    codes, known = pd.factorize(labels, sort=True)
    return codes[place].astype(np.int32), tuple(map(str, known))


def encode_dictionary(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """The column's distinct values, and each row's place among them."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    whole = pa.chunked_array(
        [chunk.dictionary_encode() for chunk in column.chunks]
        or [pa.array([], column.type).dictionary_encode()]
    )
    return whole.unify_dictionaries().combine_chunks()
