"""A 64-bit hash of each row that says what the row holds, and nothing about how it is held.

The same values hash the same on every platform and in every version, whatever the batch size,
the coding of text, the width of numbers, and whether an integer column became a float column
because a value went missing. Where a table is cut depends on it, and, through `learning.units`,
which rows are locked away for the test: changing it is a change of the bucket's format.

Sources: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014 (the mixing
of SplitMix64); XXH3 (xxhash specification 0.2) for text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from assay.tables import columns as tables

Hashes = NDArray[np.uint64]

ALGORITHM: Final = "splitmix64+xxh3/1"

_GAMMA: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_MISSING: Final = np.uint64(0x6D697373696E6721)
_FRACTION: Final = np.uint64(0x6672616374696F6E)
_BLOCK: Final = 1 << 15  # rows; the columns' scratch space stays in the processor's cache
_EDGE: Final = 2.0**63


def row_hashes(
    rows: pa.RecordBatch | pa.Table, columns: Sequence[str] | None = None, salt: int = 0
) -> Hashes:
    """One uint64 a row over `columns` in their order (all, when left out), shape (rows,).

    A different `salt` gives an unrelated hash. Names take no part: renaming a column moves no
    row. Raises KeyError for an unknown column, DataError for a type that no table holds.
    """
    schema = rows.schema
    names = list(columns) if columns is not None else schema.names
    wanted = tables.normalize_schema(
        pa.schema([schema.field(_position(schema, name)) for name in names])
    )
    batches = rows.to_batches(_BLOCK) if isinstance(rows, pa.Table) else _blocks(rows)
    hashes = [_hash_batch(tables.conform_batch(batch, wanted), salt) for batch in batches]
    return np.concatenate(hashes) if hashes else np.empty(0, np.uint64)


def value_hashes(array: pa.Array) -> Hashes:
    """One uint64 a value of an array in one of the table's types, shape (len(array),).

    Equal values have equal hashes: integral floats hash like integers, -0.0 like 0.0, NaN like
    a missing value.
    """
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _hash_dictionary(array)
    if pa.types.is_string(kind):
        return _hash_dictionary(array.dictionary_encode())
    if pa.types.is_floating(kind):
        return _mix_words(_float_words(array))
    word = array.cast(pa.int64()) if not pa.types.is_int64(kind) else array
    return _fill_missing(_mix_words(_numpy(word, 0).view(np.uint64).copy()), array)


def text_hashes(texts: Sequence[bytes]) -> Hashes:
    """One uint64 a text, given as UTF-8, as `value_hashes` has it, shape (len(texts),)."""
    return np.fromiter(map(xxhash.xxh3_64_intdigest, texts), np.uint64, len(texts))


def _position(schema: pa.Schema, name: str) -> int:
    position: int = schema.get_field_index(name)
    if position < 0:
        raise KeyError(name)
    return position


def _blocks(batch: pa.RecordBatch) -> list[pa.RecordBatch]:
    return [batch.slice(start, _BLOCK) for start in range(0, batch.num_rows, _BLOCK)]


def _hash_batch(batch: pa.RecordBatch, salt: int) -> Hashes:
    seed = _mix_words(np.full(1, salt % 2**64, np.uint64))[0]
    hashes = np.full(batch.num_rows, seed, np.uint64)
    for array in batch.columns:
        hashes ^= value_hashes(array)
        hashes = _mix_words(hashes)  # mixing between columns makes their order count
    return hashes


def _mix_words(words: Hashes) -> Hashes:
    """SplitMix64's output function, in place. Wraps around at 2**64, as it should."""
    words += _GAMMA
    words ^= words >> np.uint64(30)
    words *= _FIRST
    words ^= words >> np.uint64(27)
    words *= _SECOND
    words ^= words >> np.uint64(31)
    return words


def _float_words(array: pa.Array) -> Hashes:
    values = _numpy(array, np.nan)
    # The conversion of what int64 cannot hold differs between processors: keep it out.
    integral = (values >= -_EDGE) & (values < _EDGE) & (np.trunc(values) == values)
    words = np.where(integral, values, 0.0).astype(np.int64).view(np.uint64)
    if integral.all():
        return words
    fraction = np.where(np.isnan(values), _MISSING, values.view(np.uint64) ^ _FRACTION)
    return np.where(integral, words, fraction)


def _hash_dictionary(array: pa.DictionaryArray) -> Hashes:
    """Text is hashed once a distinct value."""
    words = array.dictionary
    each = _fill_missing(text_hashes(words.cast(pa.binary()).fill_null(b"").to_pylist()), words)
    if not len(each):  # nothing but nulls
        each = _fill_missing(np.empty(1, np.uint64), pa.nulls(1))
    return _fill_missing(each[_numpy(array.indices, 0)], array)


def _fill_missing(hashes: Hashes, array: pa.Array) -> Hashes:
    """`hashes` with the missing values' own hash where `array` is null."""
    if array.null_count:
        missing = _mix_words(np.full(1, _MISSING, np.uint64))[0]
        hashes[array.is_null().to_numpy(zero_copy_only=False)] = missing
    return hashes


def _numpy(array: pa.Array, missing: float) -> NDArray[Any]:
    if array.null_count:
        array = array.fill_null(missing)
    values: NDArray[Any] = array.to_numpy(zero_copy_only=False)
    return values
