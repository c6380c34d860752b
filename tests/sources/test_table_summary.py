"""Summaries: exact where they can be, close where they cannot."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.sources.table_summary import TableSummary
from assay.tables.columns import column_field

SCHEMA = pa.schema([column_field("a", "integer")])


def summary(values: np.ndarray, batch: int) -> dict:
    summed = TableSummary(SCHEMA)
    for start in range(0, len(values), batch):
        summed.add(pa.record_batch({"a": values[start : start + batch]}))
    (column,) = summed.columns()
    return column


@settings(max_examples=10)
@given(st.integers(1_024, 20_000), st.integers(500, 20_000))
def test_estimates_are_close_and_do_not_depend_on_batches(distinct: int, batch: int) -> None:
    values = np.random.default_rng(distinct).permutation(np.arange(40_000) % distinct)
    found = summary(values, batch)
    assert found == summary(values, 40_000)
    assert found["distinct_estimated"]
    assert abs(found["distinct"] / distinct - 1) < 0.16  # five standard errors


def test_few_values_are_counted_exactly() -> None:
    values = np.arange(40_000) % 1_023
    assert summary(values, 700) == {
        "name": "a",
        "type": "integer",
        "missing": 0,
        "distinct": 1_023,
        "distinct_estimated": False,
    }
