"""Values far outside what training held are told by row and column, or set aside."""

import numpy as np
import pandas as pd
import pytest

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.errors import DataError
from assay.learning.scoring_model import ScoringModel
from assay.learning.signature import add_ranges
from assay.production.scoring.outside_values import OutsideValues
from assay.production.scoring.predictions import score_table
from assay.sources.source_lines import SOURCE_LINES_SCHEMA, SourceLines
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame, write_table
from tests.production.small import fitted, people, use_case


def inputs(**columns):
    kinds = {"f": "number", "i": "integer", "M": "date", "O": "text", "b": "boolean"}
    frame = pd.DataFrame(columns)
    entries = [{"name": n, "type": kinds.get(frame[n].dtype.kind, "text")} for n in frame]
    return add_ranges(entries, frame)


def found(entries, **columns):
    seen = OutsideValues(entries)
    reasons = seen.add(pd.DataFrame(columns), 0)
    return reasons, list(seen.findings({row: row + 2 for row in seen.row_numbers()}))


def test_the_signature_keeps_the_range_of_numbers_and_dates_alone():
    days = pd.to_datetime(["2020-01-01", None, "2021-01-01"])
    entries = inputs(
        age=[17.0, np.nan, 90.0], since=days, job=["a", "b", None], yes=[True, False, True]
    )
    assert [entry.get("range") for entry in entries] == [
        [17.0, 90.0], ["2020-01-01T00:00:00", "2021-01-01T00:00:00"], None, None,
    ]  # fmt: skip


AGES = inputs(age=[17.0, 90.0])


@pytest.mark.parametrize("age", [1e15, -1e15, 164, -57, np.inf])
def test_a_value_farther_out_than_the_range_is_wide_is_told(age):
    reasons, findings = found(AGES, age=[30.0, age])
    assert list(reasons) == [1]
    assert findings[0].startswith("age is ")
    assert findings[0].endswith("in line 3; training held 17 to 90.")


@pytest.mark.parametrize("age", [17, 90, 91, 163, -56, np.nan, None])
def test_what_is_near_or_missing_is_not(age):
    assert found(AGES, age=[30.0, age]) == ({}, [])


def test_dates_of_another_age_are_told():
    entries = inputs(since=pd.to_datetime(["2020-01-01", "2021-01-01"]))
    for kind in ("s", "us"):
        later = pd.Series(["2021-06-01", "9999-12-31"]).astype(f"datetime64[{kind}]")
        reasons, findings = found(entries, since=later)
        assert list(reasons) == [1]
        assert findings == [
            "since is 9999-12-31 in line 3; training held 2020-01-01 to 2021-01-01."
        ]


def test_where_training_held_one_value_its_size_is_the_measure():
    assert found(inputs(x=[5.0, 5.0]), x=[9.0, 11.0])[0].keys() == {1}
    assert found(inputs(x=[0.0, 0.0]), x=[1.0, 2.0])[0].keys() == {1}


def test_many_rows_are_counted_and_the_first_three_named():
    _, (finding,) = found(AGES, age=[1e9] * 1000)
    assert finding.count("in line") == 3
    assert "(and 997 more)" in finding


def test_models_that_keep_no_range_tell_nothing():
    assert found([{"name": "age", "type": "integer"}], age=[1e15]) == ({}, [])


# --- as a batch is scored --------------------------------------------------------------------


def score(frame, outside):
    bucket, places = Bucket.from_store(MemoryStore()).prepare(), SourceLines()
    places.add(np.arange(2, len(frame) + 2))
    trained = people()
    entries = [{"name": "age", "type": "integer"}, {"name": "job", "type": "text"}]
    ranged = add_ranges(entries, trained.assign(age=trained["age"].astype(float)))
    return bucket, score_table(
        bucket,
        ScoringModel(fitted(trained), {"inputs": ranged, "groups": None}),
        Digest.of_bytes(b"the model"),
        write_frame(bucket, frame, "batch"),
        use_case(score={"outside": outside}).use_case,
        lines=write_table(bucket, places.batches(), SOURCE_LINES_SCHEMA, "lines"),
        unfit=None,
    )


def batch(rows=20):
    frame = people(rows, seed=2).drop(columns="hired")
    frame["age"] = frame["age"].astype("int64")
    frame.loc[4, "age"] = 10**15
    return frame


def test_by_default_such_a_row_is_scored_and_told():
    _, answered = score(batch(), "tell")
    assert (answered.rows, answered.unfit_rows) == (20, 0)
    assert answered.outside[0].startswith("age is 1e+15 in line 6; training held ")


def test_where_the_use_case_refuses_it_is_set_aside_with_the_reason():
    bucket, answered = score(batch(), "refuse")
    assert (answered.rows, answered.unfit_rows) == (19, 1)
    (row,) = Table.read(bucket, answered.unfit).to_pandas().to_dict("records")
    assert row["line"] == 6
    assert "age is 1e+15; training held" in row["reason"]
    assert answered.outside


def test_a_batch_of_nothing_else_is_refused_with_the_reason():
    frame = batch(5).assign(age=10**15)
    with pytest.raises(DataError, match="none of 5 rows can be scored: age is 1e"):
        score(frame, "refuse")
