"""What stays together: the rows of one person, of one group, or with the same values.

The split and the folds hash the same values of a row, so neither tears apart what belongs
together. A value is hashed as one text. A number has one, however it is held: 5 and 5.0 are "5".
Text is its own: "00200" is not "200". So a single odd identity, which turns a column of integers
into text, moves no row whose number is written plainly.

A table's `identity_rule` says by which rule its rows are told apart. Tables without one were
written by rule 1, which takes texts that look like the same number, date or truth value for the
same; what was begun by it goes on by it. Of all other types both rules say the same.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from assay.config.use_case import UseCase
from assay.tables.rowhash import Hashes, row_hashes
from assay.tables.table import Table

if TYPE_CHECKING:
    import pandas as pd

_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,400}")
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].+)?")


def unit_columns(names: Sequence[str], use_case: UseCase) -> list[str]:
    """Those of a table's columns `names` that say what stays together.

    The group's column; else the identity; else all but the target and the weight.
    """
    if use_case.split.column is not None:
        return [use_case.split.column]
    return identity_columns(names, use_case)


def unit_hashes(table: Table, use_case: UseCase, salt: int = 0) -> Hashes:
    """One uint64 a row of `table`, equal for the rows that stay together.

    Reads only the columns it needs, part by part. Raises DataError for an unknown column.
    """
    return _hash_columns(table, unit_columns(table.schema.names, use_case), salt)


def identity_hashes(table: Table, use_case: UseCase) -> Hashes:
    """One uint64 a row of `table`, equal for the rows that are the same row: by the identity's
    columns, else by all but the target. Unlike `unit_hashes`, it knows no groups.
    """
    return _hash_columns(table, identity_columns(table.schema.names, use_case), salt=0)


def entity_columns(use_case: UseCase) -> list[str]:
    """The columns that say which rows are of one person: the group's, else the identity's."""
    split = use_case.split
    if split.by == "group" and split.column is not None:
        return [split.column]
    return list(use_case.data.identity)


def entity_hashes(table: Table, use_case: UseCase) -> pd.Series | None:
    """One uint64 a row of `table`, equal for the rows of one group, else of one identity, and named
    after their columns. None where the use case names neither: rows that merely look alike are
    different ones.
    """
    import pandas as pd

    columns = entity_columns(use_case)
    if not columns:
        return None
    return pd.Series(_hash_columns(table, columns, salt=0), name=", ".join(columns))


def identity_columns(names: Sequence[str], use_case: UseCase) -> list[str]:
    """Those of a table's columns `names` that make a row the same row tomorrow. A weight is none:
    it may be rescaled, and new rows have none.
    """
    data = use_case.data
    others = {data.target.column, *([data.weight.column] if data.weight else [])}
    return list(data.identity) or [name for name in names if name not in others]


def hash_units(batch: pa.RecordBatch, rule: int, salt: int = 0) -> Hashes:
    """One uint64 a row of `batch`, which has the columns that count and no others. `rule` is the
    `identity_rule` of the table that its rows belong to.
    """
    texts = [identity_texts(array, rule) for array in batch.columns]
    return row_hashes(pa.RecordBatch.from_arrays(texts, names=batch.schema.names), salt=salt)


def _hash_columns(table: Table, columns: Sequence[str], salt: int) -> Hashes:
    hashes = [hash_units(b, table.identity_rule, salt) for b in table.batches(columns)]
    return np.concatenate(hashes) if hashes else np.empty(0, np.uint64)


def identity_texts(array: pa.Array, rule: int) -> pa.DictionaryArray:
    """Every value as the text that it is known by, made once a distinct value."""
    coded = array.dictionary_encode()
    values = coded.dictionary
    if rule == 1 or not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        values = pa.array(_canonical_values(values), pa.string())
    return pa.DictionaryArray.from_arrays(coded.indices, values)


def _canonical_values(values: pa.Array) -> Iterator[str | None]:
    kind = values.type
    if pa.types.is_floating(kind):
        return (None if value is None else _number_text(value) for value in values.to_pylist())
    # Arrow writes integers, booleans and dates as their text does: 5, true, 2020-01-01 00:00:00.
    return (
        None if text is None else canonical_text(text) for text in values.cast("string").to_pylist()
    )


def canonical_text(text: str) -> str:
    """By rule 1: one text for all texts that a table might have read as the same value.

    Finite numbers without needless digits ("5.0" is "5", "1.50" is "1.5"; whole numbers are
    exact), true and false in small letters, dates and times as ISO 8601 writes them in UTC, a
    midnight as its date. Other text as it is.
    """
    bare = text.strip()
    if _WHOLE.fullmatch(bare):
        return str(int(bare))
    if _NUMBER.fullmatch(bare) and math.isfinite(number := float(bare)):
        return str(_number_text(number))
    if _MOMENT.fullmatch(bare):
        return _moment_text(bare) or text
    return lower if (lower := bare.lower()) in {"true", "false"} else text


def _number_text(value: float) -> str | None:
    if math.isnan(value):
        return None
    return str(int(value)) if value.is_integer() else repr(value)


def _moment_text(text: str) -> str | None:
    try:
        moment = datetime.fromisoformat(text)
        moment = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except (ValueError, OverflowError):
        return None
    return moment.isoformat().removesuffix("T00:00:00")
