"""Parts of a table, as people name them."""

import numpy as np
import pandas as pd
import pytest

from assay.bucket.bucket import Bucket
from assay.errors import DataError
from assay.store.memory import MemoryStore
from assay.tables.row_selection import rows_between, rows_where
from assay.tables.table import Table
from assay.tables.table_writer import write_frame


@pytest.fixture
def table():
    frame = pd.DataFrame(
        {
            "i": np.arange(100),
            "day": pd.date_range("2017-12-01", periods=100, freq="D"),
            "t": pd.Series(["x", "y", None, "z"] * 25),
        }
    )
    bucket = Bucket.from_store(MemoryStore())
    return Table.read(bucket, write_frame(bucket, frame, "rows"))


def held(table):
    return table.to_arrow(["i"])["i"].to_pylist()


def test_rows_are_counted_from_one_and_both_ends_belong(table):
    assert held(rows_between(table, 1, 3, "p")) == [0, 1, 2]
    assert held(rows_between(table, 99, 500, "p")) == [98, 99]


def test_a_value_and_a_range_of_values(table):
    assert held(rows_where(table, "i", "10", "12", "p")) == [10, 11, 12]
    assert held(rows_where(table, "t", "y", "y", "p"))[:2] == [1, 5]


def test_a_year_or_month_reaches_to_its_end(table):
    assert held(rows_where(table, "day", "2017", "2017", "p")) == list(range(31))
    assert held(rows_where(table, "day", "2018-01-30", "2018-02", "p")) == list(range(60, 90))


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
        rows_where(table, column, low, high, "file")
    assert said in str(caught.value)
    assert caught.value.remedy


@pytest.fixture
def texts():
    """Dates that a CSV holds, as the text that they are unless they are declared."""
    days = pd.date_range("2017-12-01", periods=100, freq="D")
    frame = pd.DataFrame({"i": np.arange(100), "day": days.strftime("%Y-%m-%d")})
    frame["at"] = days.strftime("%Y-%m-%dT%H:%M:%SZ")
    frame["german"] = days.strftime("%d.%m.%Y")
    frame["year"] = pd.Series(["2017", "x"] * 50)
    bucket = Bucket.from_store(MemoryStore())
    return Table.read(bucket, write_frame(bucket, frame, "rows"))


@pytest.mark.parametrize("column", ["day", "at"])
def test_dates_that_are_text_count_as_dates_where_all_are_as_iso_writes_them(texts, column):
    assert held(rows_where(texts, column, "2018-01-30", "2018-02", "p")) == list(range(60, 90))
    assert held(rows_where(texts, column, "2017", "2017", "p")) == list(range(31))
    assert held(rows_where(texts, column, "2018-01-05", "2018-01-05", "p")) == [35]


def test_other_text_says_what_to_declare_and_is_found_by_its_value(texts):
    with pytest.raises(DataError, match="not all of it dates") as caught:
        rows_where(texts, "german", "2018-01", "2018-02", "p")
    assert "dates: {german: '%d.%m.%Y'}" in caught.value.remedy
    assert held(rows_where(texts, "year", "2017", "2017", "p"))[:2] == [0, 2]
