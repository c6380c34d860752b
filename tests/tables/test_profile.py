"""The profile of rows: right, the same in any order, the same bytes, and made once a part."""

import itertools

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.bucket.bucket import Bucket
from assay.store.memory import MemoryStore
from assay.tables.columns import column_field
from assay.tables.profile import TableProfile
from assay.tables.profile import _smallest as smallest_of
from assay.tables.profiled_table import SAMPLE_ROWS, profile_and_sample, table_profile
from assay.tables.table import Table
from assay.tables.table_writer import write_table

KINDS = {"n": "number", "i": "integer", "t": "text", "b": "boolean", "d": "date"}


def rows(size, seed=0, distinct=50):
    rng = np.random.default_rng(seed)

    def holed(values, kind):
        return pa.array(values, kind, mask=rng.random(size) < 0.1)

    return pa.table(
        {
            "n": holed(rng.normal(size=size), pa.float64()),
            "i": holed(rng.integers(-9, 9, size) * 10 ** rng.integers(0, 6, size), pa.int64()),
            "t": holed(rng.integers(0, distinct, size).astype("U8"), pa.string()),
            "b": holed(rng.random(size) < 0.3, pa.bool_()),
            "d": pa.array(
                pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 10**9, size), "s"),
                pa.timestamp("us"),
            ),
        }
    )


def of(table):
    return TableProfile.from_rows(table, KINDS)


def table_of(arrow, bucket=None):
    bucket = bucket or Bucket.from_store(MemoryStore())
    return Table.read(bucket, write_table(bucket, arrow.to_batches(), arrow.schema, "rows"))


@settings(max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    cuts=st.lists(st.integers(0, 6000), max_size=3),
    distinct=st.sampled_from([1, 50, 20_000]),
)
def test_the_profile_of_two_halves_merged_is_that_of_the_whole(seed, cuts, distinct):
    whole = rows(6000, seed, distinct)
    at = [0, *sorted(cuts), 6000]
    parts = [of(whole.slice(a, b - a)) for a, b in itertools.pairwise(at)]
    expected = of(whole).to_bytes()
    assert TableProfile.merge(parts).to_bytes() == expected
    assert TableProfile.merge(parts[::-1]).to_bytes() == expected


def test_order_and_coding_of_the_rows_do_not_matter():
    whole = rows(3000)
    shuffled = whole.take(pa.array(np.random.default_rng(2).permutation(3000)))
    coded = whole.set_column(2, "t", whole["t"].dictionary_encode())
    assert of(shuffled).to_bytes() == of(whole).to_bytes() == of(coded).to_bytes()


def test_bytes_come_back_as_the_same_profile():
    data = of(rows(9000, distinct=20_000)).to_bytes()
    assert TableProfile.from_bytes(data).to_bytes() == data


def test_it_says_what_the_columns_hold():
    whole = rows(5000)
    frame = whole.to_pandas()
    found = of(whole).columns
    for name in KINDS:
        assert found[name].missing == int(frame[name].isna().sum())
        assert found[name].rows == 5000
    assert (found["n"].low, found["n"].high) == (frame["n"].min(), frame["n"].max())
    mean, variance = found["n"].mean_and_variance()
    assert mean == pytest.approx(frame["n"].mean(), abs=1e-3)
    assert variance == pytest.approx(frame["n"].var(ddof=0), rel=1e-3)
    assert found["i"].distinct == frame["i"].nunique()
    named = dict(zip(found["t"].names, found["t"].distribution.counts.tolist(), strict=True))
    assert named == frame["t"].value_counts().to_dict()
    assert set(found["b"].names) == {"true", "false"}


def test_many_distinct_values_are_estimated():
    found = of(rows(20_000, distinct=10**6)).columns
    for name in ("n", "t", "d"):
        assert not found[name].distribution.exact
        assert found[name].distinct == pytest.approx(
            len(set(rows(20_000, distinct=10**6)[name].drop_null().to_pylist())), rel=0.1
        )
    assert found["t"].names is None


def test_long_texts_go_unnamed_and_are_still_counted():
    texts = [f"{i:03d}" + "x" * 3000 for i in range(100)]
    found = TableProfile.from_rows(pa.table({"t": texts * 2}), {"t": "text"}).columns["t"]
    assert found.names is None
    assert found.distinct == 100


@pytest.mark.parametrize("values", [[], [None, None]])
def test_nothing_but_missing_values(values):
    found = TableProfile.from_rows(pa.table({"n": pa.array(values, pa.float64())}), {"n": "number"})
    column = found.columns["n"]
    assert (column.missing, column.distinct, column.low, column.mean_and_variance()) == (
        len(values), 0, None, None,
    )  # fmt: skip
    assert TableProfile.merge([found, found]).columns["n"].missing == 2 * len(values)


def test_infinities_are_counted_and_have_no_mean():
    column = TableProfile.from_rows(
        pa.table({"n": [1.0, np.inf, -np.inf]}), {"n": "number"}
    ).columns["n"]
    assert (column.low, column.high, column.distinct) == (-np.inf, np.inf, 3)
    assert column.mean_and_variance() is None


# --- kept beside the parts --------------------------------------------------------------------


def test_a_stored_table_is_profiled_as_its_rows_are():
    whole = rows(40_000)
    table = table_of(whole)
    assert table_profile(table).to_bytes() == of(whole).to_bytes()


def test_a_category_keeps_its_kind():
    schema = pa.schema([column_field("c", "category", ["a", "b", "z"])])
    bucket = Bucket.from_store(MemoryStore())
    batch = pa.record_batch([pa.array(["a", "b", None])], names=["c"])
    found = table_profile(Table.read(bucket, write_table(bucket, [batch], schema, "rows")))
    assert found.columns["c"].kind == "category"
    assert (found.columns["c"].names, found.columns["c"].missing) in [
        (("a", "b"), 1), (("b", "a"), 1),
    ]  # fmt: skip


def test_rows_that_are_appended_cost_their_own_parts_alone(monkeypatch):
    bucket = Bucket.from_store(MemoryStore())
    wide = pa.table({f"c{i}": np.random.default_rng(i).random(90_000) for i in range(16)})
    first = table_of(wide.slice(0, 70_000), bucket)
    profile_and_sample(first)
    grown = table_of(wide, bucket)
    made = []
    real = TableProfile.from_rows.__func__
    monkeypatch.setattr(
        TableProfile,
        "from_rows",
        classmethod(lambda c, r, k: made.append(r.num_rows) or real(c, r, k)),
    )
    profile_and_sample(grown)
    known = {part.digest for part in first.parts}
    new = [n for p, n in zip(grown.parts, grown.part_rows, strict=True) if p.digest not in known]
    assert sorted(made) == sorted([0, *new])
    made.clear()
    profile_and_sample(grown)
    assert made == []


def test_what_was_lost_from_the_bucket_is_made_again():
    table = table_of(rows(2000))
    before = profile_and_sample(table)
    store = table.bucket.store
    lost = {part.digest.hex for part in (table.artifact, *table.parts)}
    for entry in list(store.list("objects/")):
        if entry.key.rpartition("/")[2] not in lost:
            store.delete(entry.key)
    again = profile_and_sample(table)
    assert again.profile.to_bytes() == before.profile.to_bytes()
    assert again.sample.equals(before.sample)


def test_a_sample_keeps_the_order_and_is_the_same_every_time():
    size = SAMPLE_ROWS + 5000
    table = table_of(pa.table({"i": np.arange(size)}))
    found = profile_and_sample(table, seed=3)
    drawn = found.sample["i"].to_numpy()
    assert found.is_sampled
    assert len(drawn) == SAMPLE_ROWS
    assert (np.diff(drawn) > 0).all()
    assert (profile_and_sample(table, seed=3).sample["i"].to_numpy() == drawn).all()
    assert not (profile_and_sample(table, seed=4).sample["i"].to_numpy() == drawn).all()
    assert not profile_and_sample(table_of(rows(500))).is_sampled


def test_the_smallest_hashes_are_found_where_most_rows_are_alike():
    few = np.repeat(np.arange(3, dtype=np.uint64), 9000)
    many = np.arange(10, 6000, dtype=np.uint64)
    assert np.array_equal(smallest_of([few]), np.arange(3))
    assert np.array_equal(smallest_of([few, many]), np.unique(np.concatenate([few, many]))[:1024])


def test_a_profile_takes_about_as_many_bytes_as_it_says_something():
    rows = pa.table({"n": pa.array(np.random.default_rng(0).integers(0, 10**6, 40_000))})
    data = TableProfile.from_rows(rows, {"n": "integer"}).to_bytes()
    assert len(data) < 32_000  # 4,096 keys and counts of eight bytes each would take 87,000
    assert TableProfile.from_bytes(data).to_bytes() == data
