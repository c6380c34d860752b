import pandas as pd
import pytest

from assay.bucket import artifacts
from assay.bucket.bucket import Bucket
from assay.registry.registry import Registry
from assay.runs.previous_table import previous_table
from assay.store.memory import MemoryStore
from assay.tables.table_writer import write_frame


@pytest.fixture
def bucket():
    return Bucket.from_store(MemoryStore()).prepare()


def table(bucket, value):
    return write_frame(bucket, pd.DataFrame({"a": [value]}), "table")


def stopped(bucket, table):
    """The journal entry that a stopped run on this table leaves, as far as it matters here."""
    steps = [{"outputs": {"table": table.as_json()}}, {"outputs": {}}]
    run = bucket.put_json({"steps": steps}, artifacts.RECORD, "run")
    question = str(table.digest)
    Registry(bucket).record_stop("income", {"question": question, "run": run.as_json()})


def test_the_first_table_has_no_previous_one(bucket):
    first = table(bucket, 1)
    assert previous_table(bucket, "income", first) is None
    stopped(bucket, first)
    assert previous_table(bucket, "income", first) is None


def test_the_latest_other_table_is_the_previous_one_however_often_it_is_asked(bucket):
    first, second, third = (table(bucket, value) for value in range(3))
    stopped(bucket, first)
    stopped(bucket, second)
    for _ in range(2):
        assert previous_table(bucket, "income", third) == second
        stopped(bucket, third)
    assert previous_table(bucket, "other", third) is None


def test_a_table_that_was_swept_away_is_passed_over(bucket):
    first, second, third = (table(bucket, value) for value in range(3))
    stopped(bucket, first)
    stopped(bucket, second)
    bucket.store.delete(f"objects/sha256/{second.digest.hex[:2]}/{second.digest.hex}")
    assert previous_table(bucket, "income", third) == first
