"""The day of a batch: by folder, by name, or by when its file was written."""

import os
from datetime import UTC, date, datetime

import pytest

from assay.config.data import Source
from assay.production.backfill.batch_dates import date_batches, source_day
from assay.production.scoring.incoming_batch import IncomingBatch


def batch(name, **partition):
    source = Source(path=name).file_in_partition(name, tuple(partition.items()))
    return IncomingBatch(name, name, source)


def days(names, zone="UTC", origin=None):
    found = date_batches([batch(name) for name in names], zone, origin)
    return found, [(one.day, one.batch.name) for one in found.batches]


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("in/2026-03-31.csv", date(2026, 3, 31)),
        ("in/guests_20260331_v2.parquet", date(2026, 3, 31)),
        ("in/guests.2026.03.31.csv.gz", date(2026, 3, 31)),
        ("2024-12-01/rows-2026-03-31.csv", date(2026, 3, 31)),  # its own name, not its folder's
        ("in/2026-02.parquet", date(2026, 2, 28)),
        ("in/2024-02.parquet", date(2024, 2, 29)),
        ("in/2026-12.csv", date(2026, 12, 31)),
        ("order-99-2026-03-31.csv", date(2026, 3, 31)),
    ],
)
def test_a_name_tells_a_day_or_the_last_of_a_month(name, day):
    found, dated = days([name])
    assert (found.origin, dated) == ("name", [(day, name)])


@pytest.mark.parametrize(
    "name", ["batch-202603.csv", "1203202612.csv", "2026-13-01.csv", "2026-02-30.csv", "v2026.csv"]
)
def test_a_number_is_no_date(name):
    found, dated = days([name, "2026-03-31.csv"])
    assert found.undated == (name,)
    assert len(dated) == 1


@pytest.mark.parametrize(
    ("columns", "day"),
    [
        ({"day": "2026-03-31"}, date(2026, 3, 31)),
        ({"region": "7", "date": "2026-03-31"}, date(2026, 3, 31)),
        ({"year": "2026", "month": "3", "day": "31"}, date(2026, 3, 31)),
        ({"year": "2026", "month": "02"}, date(2026, 2, 28)),
    ],
)
def test_a_folder_tells_it_before_a_name_does(columns, day):
    found = date_batches([batch("2020-01-01.csv", **columns)], "UTC")
    assert (found.origin, [one.day for one in found.batches]) == ("partition", [day])


def test_where_nothing_else_does_the_files_time_tells_in_the_schedules_zone(tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("a\n1\n")
    late = datetime(2026, 3, 31, 23, 30, tzinfo=UTC).timestamp()
    os.utime(file, (late, late))
    found, dated = days([str(file)])
    assert (found.origin, dated[0][0]) == ("modified", date(2026, 3, 31))
    assert days([str(file)], "Europe/Lisbon")[1][0][0] == date(2026, 4, 1)


def test_batches_come_in_the_order_of_their_days_whatever_their_order(tmp_path):
    names = ["b-2026-03-02.csv", "a-2026-03-02.csv", "z-2026-03-01.csv"]
    assert days(names)[1] == days(names[::-1])[1]
    assert [name[0] for _, name in days(names)[1]] == ["z", "a", "b"]


def test_a_file_of_labels_without_a_date_has_that_of_its_time(tmp_path):
    file = tmp_path / "labels.csv"
    file.write_text("a\n")
    os.utime(file, (0, 0))
    assert source_day(Source(path=str(file)), "labels.csv", "name", "UTC") == date(1970, 1, 1)
    assert source_day(Source(path="x"), "2026-01-05.csv", "name", "UTC") == date(2026, 1, 5)
