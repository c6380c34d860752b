"""Columns: what is not held exactly is refused."""

from __future__ import annotations

import pyarrow as pa
import pytest

from assay.errors import DataError
from assay.tables.columns import conform_batch, normalize_schema


def _moments(numbers: list[int], kind: pa.DataType) -> pa.RecordBatch:
    width = pa.int32() if kind.bit_width == 32 else pa.int64()
    return pa.RecordBatch.from_arrays([pa.array(numbers, width).cast(kind)], names=["a"])


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (10**15, pa.timestamp("s")),
        (10**15, pa.timestamp("s", "Asia/Tokyo")),
        (-(10**17), pa.timestamp("ms")),
        (2**31 - 1, pa.date32()),
        (2_932_897, pa.date32()),  # the first day of the year 10000
        (-719_163, pa.date32()),  # the last day before the year 1
        (86_400_000 * 10**9, pa.date64()),
    ],
)
def test_moments_outside_of_the_years_1_to_9999_are_refused(number, kind) -> None:
    batch = _moments([0, number], kind)
    with pytest.raises(DataError, match="column 'a' does not fit its type"):
        conform_batch(batch, normalize_schema(batch.schema))


@pytest.mark.parametrize(
    ("number", "kind", "micros"),
    [
        (10**11, pa.timestamp("s"), 10**17),
        (-(2**63) + 1, pa.timestamp("ns"), -9_223_372_036_854_775),
        (-719_162, pa.date32(), -719_162 * 86_400 * 10**6),
        (2_932_896, pa.date32(), 2_932_896 * 86_400 * 10**6),
        (-1_000, pa.timestamp("ms", "UTC"), -(10**6)),
        (1_999, pa.timestamp("ns"), 1),
        (1_999, pa.timestamp("ns", "Asia/Tokyo"), 1),
        (18_321, pa.date32(), 18_321 * 86_400 * 10**6),
        (86_400_000, pa.date64(), 86_400 * 10**6),
    ],
)
def test_other_moments_keep_their_instant(number, kind, micros) -> None:
    batch = _moments([number], kind)
    held = conform_batch(batch, normalize_schema(batch.schema)).column(0)
    assert held.type == pa.timestamp("us")
    assert held.cast(pa.int64()).to_pylist() == [micros]
