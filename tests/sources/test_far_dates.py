"""Dates outside of the years 1 to 9999 are named, in every format."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

from assay.errors import SourceError
from assay.sources.typed_blocks import block_from_columns

FAR = 300_000_000_000  # seconds since 1970: the year 11476
TOLD = "it lies outside of the years 1 to 9999"


def write_typed(path, unit):
    scale = {"s": 1, "ms": 10**3, "us": 10**6}[unit]
    moments = pa.array([0, 0, 0, FAR * scale], pa.timestamp(unit))
    rows = pa.table({"a": [0, 1, 0, 1], "when": moments})
    if path.suffix == ".feather":
        feather.write_feather(rows, str(path))
    else:
        pq.write_table(rows, path)


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
@pytest.mark.parametrize("name", ["a.parquet", "a.feather"])
def test_of_typed_dates_the_row_and_the_year_are_told(tmp_path, take, name, unit):
    write_typed(tmp_path / name, unit)
    found = take(tmp_path / name)
    (row,) = found.quarantine
    assert row["line"] == 4
    assert row["reason"].startswith("when '11476-08-15 05:20:00")
    assert TOLD in row["reason"]
    assert len(found.frame) == 3


@pytest.mark.parametrize(
    ("form", "word", "said"),
    [
        ("iso", "12020-01-01", TOLD),
        ("iso", "-0044-03-15", TOLD),
        ("iso", "+12020-01-01T00:00:00", TOLD),
        ("ms", "300000000000000", TOLD),
        ("ms", "soon", "is not a date in ms since 1970"),
        ("iso", "2020-13-01", "is not an ISO date"),
        ("iso", "20200101-7", "is not an ISO date"),
    ],
)
def test_of_written_dates_too(tmp_path, take, form, word, said):
    good = "2020-01-01" if form == "iso" else "0"
    file = tmp_path / "a.csv"
    file.write_text(f"a,when\n0,{good}\n1,{good}\n1,{word}\n")
    (row,) = take(file, dates={"when": form}).quarantine
    assert row["line"] == 4
    assert row["reason"].startswith(f"when {word!r} is not a")
    assert row["reason"].endswith(said)


@pytest.mark.parametrize(
    "value",
    [
        datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-5))),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))),
    ],
)
def test_a_moment_that_its_zone_moves_out_of_all_years_is_named_with_its_row(value):
    values = [datetime(2020, 1, 1, tzinfo=UTC), None, value]
    with pytest.raises(SourceError) as caught:
        block_from_columns({"when": values}, np.array([1, 2, 3]), ("",), "postgresql://x")
    assert f"row 3 of column 'when' holds {value}" in caught.value.what
    assert "9999" in caught.value.what
    assert "NULLIF" in (caught.value.remedy or "")
