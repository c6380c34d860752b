import pandas as pd
import pyarrow as pa
import pytest

from assay.bucket import artifacts
from assay.bucket.bucket import Bucket
from assay.registry.registry import Registry
from assay.runs.previous_table import inherited_identity_rule, previous_table
from assay.store.memory import MemoryStore
from assay.tables.table_writer import IDENTITY_RULE, write_frame, write_table


@pytest.fixture
def bucket():
    return Bucket.from_store(MemoryStore()).prepare()


def table(bucket, value):
    return write_frame(bucket, pd.DataFrame({"a": [value]}), "table")


def stopped(bucket, table, **more):
    """The journal entry that a stopped run on this table leaves, as far as it matters here."""
    steps = [{"outputs": {"table": table.as_json()}}, {"outputs": {}}]
    run = bucket.put_json({"steps": steps}, artifacts.RECORD, "run")
    question = str(table.digest)
    Registry(bucket).record_stop("income", {"question": question, "run": run.as_json(), **more})


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


def test_what_a_retraining_gathered_is_no_previous_table(bucket):
    first, gathered, second = (table(bucket, value) for value in range(3))
    stopped(bucket, gathered, retraining=1)
    assert previous_table(bucket, "income", first) is None
    stopped(bucket, first)
    stopped(bucket, gathered, retraining=1, as_of="2026-01-01")
    assert previous_table(bucket, "income", first) is None
    assert previous_table(bucket, "income", gathered) == first
    assert previous_table(bucket, "income", second) == first


def text_table(bucket, rule):
    rows = pa.table({"id": ["00200"]})
    return write_table(bucket, rows.to_batches(), rows.schema, "table", identity_rule=rule)


def test_a_use_case_goes_on_by_the_identity_rule_that_it_was_begun_with(bucket):
    assert inherited_identity_rule(bucket, "income") == IDENTITY_RULE
    stopped(bucket, text_table(bucket, 1))
    assert inherited_identity_rule(bucket, "income") == 1
    stopped(bucket, table(bucket, 5))  # numbers are known alike by every rule
    assert inherited_identity_rule(bucket, "income") == 1
    assert inherited_identity_rule(bucket, "other") == IDENTITY_RULE


def test_a_table_of_numbers_binds_a_use_case_to_no_rule(bucket):
    stopped(bucket, table(bucket, 5))
    assert inherited_identity_rule(bucket, "income") == IDENTITY_RULE
