"""The row hash: laws that must hold for as long as the bucket's format does."""

from __future__ import annotations

import math
import struct

import numpy as np
import pyarrow as pa
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import DataError
from assay.tables.rowhash import row_hashes

INTEGERS = st.none() | st.integers(-(2**63), 2**63 - 1)
EXACT = st.none() | st.integers(-(2**53), 2**53)
FLOATS = st.none() | st.floats()
WORDS = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
ROWS = st.lists(st.tuples(INTEGERS, FLOATS, WORDS, st.none() | st.booleans()), max_size=30)


def table(rows: list[tuple]) -> pa.Table:
    kinds = [pa.int64(), pa.float64(), pa.string(), pa.bool_()]
    columns = list(zip(*rows, strict=True)) or [()] * 4
    arrays = [pa.array(c, k) for c, k in zip(columns, kinds, strict=True)]
    return pa.table(arrays, names=list("ifsb"))


def hashes(values: list, kind: pa.DataType) -> list[int]:
    return row_hashes(pa.table({"a": pa.array(values, kind)})).tolist()


def test_the_hashes_of_these_rows_never_change() -> None:
    rows = table([(0, 0.5, "", False), (-1, None, "Zürich", True), (None, -1e300, None, None)])
    assert row_hashes(rows).tolist() == GOLDEN
    assert row_hashes(rows, ["s", "i"], salt=7).tolist() == GOLDEN_SALTED
    moment = pa.array(["2020-02-29T12:00:00.000001"]).cast(pa.timestamp("us"))
    assert row_hashes(pa.table({"a": moment})).tolist() == GOLDEN_DATE


def mixed(word: int) -> int:
    """SplitMix64's output function, in plain integers."""
    word = (word + 0x9E3779B97F4A7C15) % 2**64
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    word = (word ^ word >> 27) * 0x94D049BB133111EB % 2**64
    return word ^ word >> 31


def one(value: object) -> int:
    if value is None or value != value:
        return mixed(int.from_bytes(b"missing!", "big"))
    if isinstance(value, str):
        return xxhash.xxh3_64_intdigest(value.encode())
    if isinstance(value, float) and not (value.is_integer() and -(2**63) <= value < 2**63):
        bits = struct.unpack("<Q", struct.pack("<d", value))[0]
        return mixed(bits ^ int.from_bytes(b"fraction", "big"))
    return mixed(int(value) % 2**64)


@given(ROWS, st.integers(0, 2**64 - 1))
def test_the_hash_is_what_its_description_says(rows: list[tuple], salt: int) -> None:
    expected = []
    for row in rows:
        state = mixed(salt)
        for value in row:
            state = mixed(state ^ one(value))
        expected.append(state)
    assert row_hashes(table(rows), salt=salt).tolist() == expected


@given(ROWS, st.integers(1, 7))
def test_batches_leave_no_trace(rows: list[tuple], size: int) -> None:
    whole = table(rows)
    pieces = [row_hashes(batch) for batch in whole.to_batches(size)]
    assert np.concatenate([np.empty(0, np.uint64), *pieces]).tolist() == row_hashes(whole).tolist()


@given(ROWS, ROWS)
def test_a_row_is_hashed_alone(rows: list[tuple], others: list[tuple]) -> None:
    assert (
        row_hashes(table(others + rows)).tolist()[len(others) :] == row_hashes(table(rows)).tolist()
    )


@given(st.lists(EXACT))
def test_integers_hash_alike_once_a_gap_makes_them_floats(values: list) -> None:
    assert hashes(values, pa.int64()) == hashes(values, pa.float64())


@given(st.lists(st.none() | st.integers(-128, 127)))
def test_the_width_of_numbers_leaves_no_trace(values: list) -> None:
    expected = hashes(values, pa.int64())
    for kind in (pa.int8(), pa.int32(), pa.float32(), pa.float64()):
        assert hashes(values, kind) == expected


@given(st.lists(WORDS))
def test_the_coding_of_text_leaves_no_trace(values: list) -> None:
    expected = hashes(values, pa.string())
    assert hashes(values, pa.large_string()) == expected
    assert hashes(values, pa.string_view()) == expected
    coded = pa.array(values, pa.string()).dictionary_encode()
    assert row_hashes(pa.table({"a": coded})).tolist() == expected
    with_null = pa.DictionaryArray.from_arrays(
        pa.array(range(len(values)), pa.int32()), pa.array(values, pa.string())
    )
    assert row_hashes(pa.table({"a": with_null})).tolist() == expected


def test_one_zero_and_one_way_of_missing() -> None:
    assert hashes([0.0, math.nan], pa.float64()) == hashes([-0.0, None], pa.float64())


def test_a_date_and_its_midnight_hash_alike_in_every_unit() -> None:
    days = pa.array([0, 18000, None], pa.date32())
    expected = row_hashes(pa.table({"a": days})).tolist()
    for unit in ("s", "ms", "us", "ns"):
        assert row_hashes(pa.table({"a": days.cast(pa.timestamp(unit))})).tolist() == expected
    zoned = days.cast(pa.timestamp("us")).cast(pa.timestamp("us", "Europe/Berlin"))
    assert row_hashes(pa.table({"a": zoned})).tolist() == expected


@given(st.lists(st.tuples(FLOATS, WORDS), min_size=1, unique_by=repr))
def test_different_rows_have_different_hashes(rows: list[tuple]) -> None:
    def key(row: tuple) -> tuple:
        number = None if row[0] is None or math.isnan(row[0]) else row[0] + 0.0
        return number, row[1]

    distinct = {key(row) for row in rows}
    held = pa.table([pa.array(c) for c in zip(*rows, strict=True)], names=["f", "s"])
    held = held.cast(pa.schema([("f", pa.float64()), ("s", pa.string())]))
    assert len(set(row_hashes(held).tolist())) == len(distinct)


def test_columns_their_order_and_the_salt_count() -> None:
    rows = pa.table({"a": [1, 2], "b": [2, 1]})
    ab, ba = row_hashes(rows, ["a", "b"]), row_hashes(rows, ["b", "a"])
    assert ab[0] == ba[1]
    assert ab[0] != ba[0]
    assert not set(ab) & set(row_hashes(rows, ["a", "b"], salt=1))
    assert not set(ab) & set(row_hashes(rows, ["a"]))


def test_renaming_a_column_moves_no_row() -> None:
    rows = pa.table({"a": [1, 2]})
    assert row_hashes(rows).tolist() == row_hashes(rows.rename_columns(["b"])).tolist()


def test_every_bit_of_the_hash_is_used_evenly() -> None:
    found = row_hashes(pa.table({"a": np.arange(20_000), "b": ["x"] * 20_000}))
    ones = [int((found >> np.uint64(bit) & np.uint64(1)).sum()) for bit in range(64)]
    assert 9_600 < min(ones) <= max(ones) < 10_400  # over five standard deviations


def test_an_unknown_column_or_type_is_refused() -> None:
    with pytest.raises(KeyError, match="b"):
        row_hashes(pa.table({"a": [1]}), ["b"])
    with pytest.raises(DataError, match="list"):
        row_hashes(pa.table({"a": [[1]]}))


GOLDEN = [4795344961144440048, 9766332570140207239, 14269542557205753263]
GOLDEN_SALTED = [8258632945778714068, 1334821636407856063, 6140896016873481899]
GOLDEN_DATE = [7875515744719495801]
