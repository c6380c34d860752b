"""Tables: streamed in, cut by content, read back in any engine."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.bucket.artifacts import JSON, TABLE
from assay.bucket.bucket import Bucket
from assay.bucket.objects import object_key
from assay.errors import DataError, FormatUnknown, ObjectCorrupt
from assay.store.local import LocalStore
from assay.store.memory import MemoryStore
from assay.tables.columns import column_field
from assay.tables.part_boundaries import CutRule
from assay.tables.table import Table
from assay.tables.table_writer import write_frame, write_table


@pytest.fixture
def bucket() -> Bucket:
    return Bucket.from_store(MemoryStore())


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CutRule, "for_columns", lambda _: SMALL)


SMALL = CutRule(1024, 256, 4096)


def people(rows: int, seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    city = pa.array(rng.integers(0, 9, rows).astype(str))
    return pa.table({"id": np.arange(rows), "height": rng.normal(size=rows), "city": city})


def digests(bucket: Bucket, rows: pa.Table, batch: int = 5000) -> list[str]:
    artifact = write_table(bucket, rows.to_batches(batch), rows.schema, "people")
    return [str(part.digest) for part in Table.read(bucket, artifact).parts]


ONE_OF_EACH = pa.schema(
    [
        column_field("integer", "integer"),
        column_field("number", "number"),
        column_field("boolean", "boolean"),
        column_field("text", "text"),
        column_field("date", "date", nullable=False),
        column_field("category", "category", ["low", "high", "never seen"]),
    ]
)


def one_of_each(*, missing: bool) -> pa.RecordBatch:
    last = None if missing else 1
    when = pd.Timestamp("2020-02-29 12:00:00.000001")
    columns = [
        [2**62 + 1, last],
        [0.5, last],
        [True, None if missing else False],
        ["é", None if missing else ""],
        [when, when],
        ["high", None if missing else "low"],
    ]
    arrays = [pa.array(v, f.type) for v, f in zip(columns, ONE_OF_EACH, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=ONE_OF_EACH)


@pytest.mark.parametrize("missing", [False, True])
def test_what_was_written_is_read_back_in_the_same_types(bucket: Bucket, missing: bool) -> None:
    batch = one_of_each(missing=missing)
    table = Table.read(bucket, write_table(bucket, [batch], batch.schema, "t"))
    assert table.rows == 2
    assert table.schema.equals(ONE_OF_EACH, check_metadata=True)
    values = table.to_arrow().to_pylist()
    assert values == batch.to_pylist()
    assert [row for b in table.batches() for row in b.to_pylist()] == values


def test_frames_have_the_promised_dtypes(bucket: Bucket) -> None:
    whole, holed = (
        Table.read(bucket, write_table(bucket, [b], b.schema, "t")).to_pandas()
        for b in (one_of_each(missing=False), one_of_each(missing=True))
    )
    kinds = ["int64", "float64", "bool", "str", "datetime64[us]", "category"]
    assert [str(d) for d in whole.dtypes] == kinds
    kinds[0], kinds[2] = "float64", "object"
    assert [str(d) for d in holed.dtypes] == kinds
    assert holed["boolean"].tolist() == [True, None]
    assert holed["text"].isna().tolist() == [False, True]
    assert list(whole["category"].cat.categories) == ["low", "high", "never seen"]


def test_columns_come_in_the_order_asked(bucket: Bucket) -> None:
    rows = people(5000)
    table = Table.read(bucket, write_table(bucket, rows.to_batches(), rows.schema, "t"))
    assert table.to_arrow(["city", "id"]).equals(rows.select(["city", "id"]))
    assert next(table.batches(["height"])).schema.names == ["height"]


def test_an_unknown_column_is_answered_with_the_nearest(bucket: Bucket) -> None:
    table = Table.read(bucket, write_table(bucket, [], ONE_OF_EACH, "t"))
    with pytest.raises(DataError, match="Did you mean 'number'"):
        table.to_pandas(["nummber"])


def test_a_table_without_rows_has_columns_all_the_same(bucket: Bucket) -> None:
    table = Table.read(bucket, write_table(bucket, [], ONE_OF_EACH, "t"))
    assert table.rows == 0
    assert not table.parts
    assert list(table.to_pandas().columns) == ONE_OF_EACH.names


@pytest.mark.usefixtures("small_parts")
def test_appended_rows_leave_earlier_parts_as_they_are(bucket: Bucket) -> None:
    rows = people(60_000)
    before, after = digests(bucket, rows.slice(0, 50_000)), digests(bucket, rows)
    assert len(before) > 30
    assert after[: len(before) - 1] == before[:-1]


@pytest.mark.usefixtures("small_parts")
def test_a_window_that_slides_keeps_most_parts(bucket: Bucket) -> None:
    rows = people(60_000)
    before = digests(bucket, rows.slice(0, 59_000))
    after = digests(bucket, rows.slice(1_000))
    assert len(set(after) - set(before)) <= 5
    assert len(set(after) & set(before)) >= 30


@settings(max_examples=15)
@given(st.integers(1, 2_000))
def test_the_batching_of_the_input_leaves_no_trace(batch: int) -> None:
    bucket, rows = Bucket.from_store(MemoryStore()), people(2_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CutRule, "for_columns", lambda _: CutRule(64, 16, 256))
        assert digests(bucket, rows, batch) == digests(bucket, rows, 2_000)


def test_the_coding_and_width_of_values_leave_no_trace(bucket: Bucket) -> None:
    plain = pa.table({"a": pa.array([1, None], pa.int64()), "b": ["x", "y"], "c": [0.5, None]})
    other = pa.table(
        {
            "a": pa.array([1, None], pa.int8()),
            "b": pa.array(["x", "y"], pa.large_string()).dictionary_encode(),
            "c": pa.array([0.5, float("nan")], pa.float32()),
        }
    )
    assert digests(bucket, plain) == digests(bucket, other)


@pytest.mark.parametrize(
    ("columns", "target"), [(1, 2**15), (16, 2**15), (32, 2**15), (64, 2**14), (1000, 2**12)]
)
def test_wide_tables_have_fewer_rows_a_part(columns: int, target: int) -> None:
    assert CutRule.for_columns(columns) == CutRule(target, target // 4, target * 4)


@settings(max_examples=25)
@given(st.integers(0, 2**32), st.lists(st.integers(0, 40_000), max_size=4))
def test_cuts_keep_their_limits_however_the_hashes_arrive(seed: int, stops: list[int]) -> None:
    hashes = np.random.default_rng(seed).integers(0, 2**64, 40_000, np.uint64)
    hashes[10_000:25_000] = 2**64 - 1  # a stretch in which no row allows a cut
    cut = SMALL
    whole = list(cut.boundaries(hashes))
    pieces, held, start = [], 0, 0
    for stop in [*sorted(stops), 40_000]:
        cuts = [start + c for c in cut.boundaries(hashes[start:stop], held)]
        pieces += cuts
        held = stop - cuts[-1] if cuts else held + stop - start
        start = stop
    assert pieces == whole
    sizes = np.diff([0, *whole])
    assert sizes.min() >= 256
    assert sizes.max() <= 4096


def test_the_bytes_of_a_part_are_pinned(bucket: Bucket) -> None:
    if pa.__version__ != "26.0.1":
        pytest.skip("Parquet files name the exact version that wrote them")
    batch = one_of_each(missing=True)
    assert digests(bucket, pa.Table.from_batches([batch])) == [
        "sha256:95bf37aac5c561378c5c5b50c4543fc4514a0c23cceb26b227a604f4e5cde135"
    ]


def test_a_large_table_never_lies_in_memory_whole(bucket: Bucket) -> None:
    rows, step = 6_000_000, 50_000
    peak = 0

    def batches():
        nonlocal peak
        for start in range(0, rows, step):
            peak = max(peak, pa.total_allocated_bytes())
            noise = np.random.default_rng(start).random(step)
            yield pa.record_batch({"a": np.arange(start, start + step), "b": noise})

    before = pa.total_allocated_bytes()
    schema = pa.schema([column_field("a", "integer"), column_field("b", "number")])
    artifact = write_table(bucket, batches(), schema, "t")
    table = Table.read(bucket, artifact)
    assert table.rows == rows
    assert peak - before < rows * 16 * 0.6
    total = sum(part.size for part in table.parts)
    assert total > rows * 8  # what it would have taken to hold all of it
    peak_reading = 0
    for _ in table.batches():
        peak_reading = max(peak_reading, pa.total_allocated_bytes() - before)
    assert peak_reading < rows * 16 * 0.6


def test_parts_are_plain_parquet_for_other_engines(tmp_path) -> None:
    bucket, rows = Bucket.from_store(LocalStore(tmp_path)), people(9_000)
    table = Table.read(bucket, write_table(bucket, rows.to_batches(), rows.schema, "t"))
    frames = [pd.read_parquet(url) for url in table.urls()]
    assert pd.concat(frames)["id"].tolist() == list(range(9_000))
    assert sum(part.size for part in table.parts) == sum(
        (tmp_path / object_key(part.digest)).stat().st_size for part in table.parts
    )


def test_a_damaged_part_is_named_and_not_read(tmp_path) -> None:
    bucket, rows = Bucket.from_store(LocalStore(tmp_path)), people(100)
    table = Table.read(bucket, write_table(bucket, rows.to_batches(), rows.schema, "t"))
    path = tmp_path / object_key(table.parts[0].digest)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(ObjectCorrupt, match=table.parts[0].digest.hex):
        table.to_arrow()


def test_only_tables_of_this_format_are_read(bucket: Bucket) -> None:
    with pytest.raises(DataError, match="is no table"):
        Table.read(bucket, bucket.put_json({}, JSON, "x"))
    with pytest.raises(FormatUnknown, match="format 2"):
        Table.read(bucket, bucket.put_json({"format": 2}, TABLE, "x"))


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (pa.array([[1]]), "cannot hold column 'a' of type list"),
        (pa.array([b"x"]), "cannot hold column 'a' of type binary"),
        (pa.array([2**63], pa.uint64()), "column 'a' does not fit"),
    ],
)
def test_what_no_table_can_hold_is_refused(bucket: Bucket, column: pa.Array, said: str) -> None:
    rows = pa.table({"a": column})
    with pytest.raises(DataError, match=said):
        write_table(bucket, rows.to_batches(), rows.schema, "t")


def test_a_value_outside_its_categories_is_refused(bucket: Bucket) -> None:
    schema = pa.schema([column_field("a", "category", ["x"])])
    with pytest.raises(DataError, match="'y', which is none of its categories"):
        write_table(bucket, [pa.record_batch({"a": ["x", "y"]})], schema, "t")


def test_two_columns_of_one_name_are_refused(bucket: Bucket) -> None:
    with pytest.raises(DataError, match="two columns are called 'a'"):
        write_table(
            bucket, [], pa.schema([column_field("a", "text"), column_field("a", "text")]), "t"
        )


def test_an_error_in_the_stream_of_rows_leaves_no_table(bucket: Bucket) -> None:
    def batches():
        yield pa.record_batch({"a": np.arange(300_000)})
        raise ValueError("the source broke")

    with pytest.raises(ValueError, match="the source broke"):
        write_table(bucket, batches(), pa.schema([column_field("a", "integer")]), "t")


def test_frames_can_be_stored(bucket: Bucket) -> None:
    frame = pd.DataFrame(
        {"row": [1, 2], "group": pd.Categorical(["a", "b"], ["b", "a"]), "x": [0.5, np.nan]},
        index=[7, 8],
    )
    table = Table.read(bucket, write_frame(bucket, frame, "t"))
    pd.testing.assert_frame_equal(table.to_pandas(), frame.reset_index(drop=True))
    with pytest.raises(DataError, match="cannot be stored"):
        write_frame(bucket, pd.DataFrame({"a": [1, "x"]}), "t")
