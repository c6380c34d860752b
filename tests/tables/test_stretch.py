"""Parts of a table, as people name them."""

import numpy as np
import pandas as pd
import pytest

from assay.bucket import Bucket
from assay.errors import DataError
from assay.store.memory import MemoryStore
from assay.tables import Table, write_frame
from assay.tables.stretch import rows_between, where


@pytest.fixture
def table():
    frame = pd.DataFrame(
        {
            "i": np.arange(100),
            "day": pd.date_range("2017-12-01", periods=100, freq="D"),
            "t": pd.Series(["x", "y", None, "z"] * 25),
        }
    )
    bucket = Bucket.on(MemoryStore())
    return Table.read(bucket, write_frame(bucket, frame, "rows"))


def held(table):
    return table.arrow(["i"])["i"].to_pylist()


def test_rows_are_counted_from_one_and_both_ends_belong(table):
    assert held(rows_between(table, 1, 3, "p")) == [0, 1, 2]
    assert held(rows_between(table, 99, 500, "p")) == [98, 99]


def test_a_value_and_a_range_of_values(table):
    assert held(where(table, "i", "10", "12", "p")) == [10, 11, 12]
    assert held(where(table, "t", "y", "y", "p"))[:2] == [1, 5]


def test_a_year_or_month_reaches_to_its_end(table):
    assert held(where(table, "day", "2017", "2017", "p")) == list(range(31))
    assert held(where(table, "day", "2018-01-30", "2018-02", "p")) == list(range(60, 90))


@pytest.mark.parametrize(
    ("column", "low", "high", "said"),
    [
        ("dy", "2017", "2017", "Did you mean 'day'"),
        ("i", "a", "b", "no range of integers"),
        ("day", "soon", "soon", "no range of dates"),
        ("t", "x", "y", "has no range"),
        ("i", "500", "600", "no rows are left"),
    ],
)
def test_what_cannot_be_is_refused_with_a_remedy(table, column, low, high, said):
    with pytest.raises(DataError) as caught:
        where(table, column, low, high, "file")
    assert said in str(caught.value)
    assert caught.value.remedy
