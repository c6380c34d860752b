"""Ingestion as a whole: what is promised whatever the source."""

from __future__ import annotations

import json
import os
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest

from assay.bucket.bucket import Bucket
from assay.config import loaded_use_case as config
from assay.errors import ConfigError, SourceError
from assay.sources.block_conversion import convert_block
from assay.sources.blocks import RowBlock
from assay.sources.conversion import ColumnSpec
from assay.sources.ingestion import store_source_table
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.util.progress import UnitsDone, listen_to_progress

USE_CASE = """
question: q
decision: d
harm: h
owner: o
data:
  source: {path}
  target: {{column: income, positive: ">50K"}}
  missing: ["?"]
  never_store: [name]
  sensitive:
    sexx: {{}}
candidates:
  - estimator: sklearn.linear_model.LogisticRegression
"""


def test_the_same_source_gives_the_same_words_and_bytes(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a,b\n" + "".join(f"{i},{i % 7}\n" for i in range(5000)))
    one, two = take(file), take(file)
    assert one.found == two.found
    assert one.about["columns"][1]["distinct"] == 7
    assert one.about["source"]["size"] == file.stat().st_size
    first = one.about["columns"][0]
    assert first["distinct_estimated"]
    assert 4500 < first["distinct"] <= 5000
    json.dumps(one.about)


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_a_header_that_was_not_split_is_told_with_its_delimiter(tmp_path, take, mark) -> None:
    (tmp_path / "a.csv").write_text(f"a{mark}b\n1{mark}2\n")
    with pytest.raises(ConfigError) as caught:
        take(tmp_path / "a.csv", types={"income": "text"})
    named = "\\t" if mark == "\t" else mark
    assert (
        f'`source: {{path: {tmp_path}/a.csv, delimiter: "{named}"}}` under data'
        in caught.value.remedy
    )


def test_types_declared_for_all_give_what_two_passes_give(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a,b,c\n1,x,2.5\n?,y,\nz,,1\n")
    inferred = take(file, missing=["?"], types={"a": "integer"})
    declared = take(file, missing=["?"], types={"a": "integer", "b": "text", "c": "number"})
    assert inferred.found.table == declared.found.table
    assert inferred.found.quarantine == declared.found.quarantine


def test_csv_jsonl_and_parquet_of_the_same_rows_are_the_same_table(tmp_path, take) -> None:
    (tmp_path / "a.csv").write_text("a,b,c\n1,x,0.5\n2,,\n,z,-2.0\n")
    taken = take(tmp_path / "a.csv")
    taken.frame.to_parquet(tmp_path / "a.parquet")
    (tmp_path / "a.jsonl").write_text(
        '{"a": 1, "b": "x", "c": 0.5}\n{"a": 2}\n{"b": "z", "c": -2.0}\n'
    )
    parquet = take(tmp_path / "a.parquet", types={"a": "integer"})
    assert take(tmp_path / "a.jsonl").found.table == taken.found.table == parquet.found.table


def test_a_wrong_column_name_is_found_on_its_line_before_anything_is_stored(tmp_path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("sex,income,name\nMale,>50K,x\n")
    (tmp_path / "use.yaml").write_text(USE_CASE.format(path=file))
    written = config.load_use_case(tmp_path / "use.yaml")
    bucket = Bucket.from_store(MemoryStore())
    with pytest.raises(ConfigError, match=r"use\.yaml:12: .*'sexx'\n.*'sex'"):
        store_source_table(bucket, written.use_case.data, "t", loaded_use_case=written)
    assert not list(bucket.store.list())


def test_a_column_cannot_be_needed_and_never_stored(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text("sexx,income,name\nMale,>50K,x\n")
    text = USE_CASE.format(path=file).replace("[name]", "[sexx]")
    (tmp_path / "use.yaml").write_text(text)
    written = config.load_use_case(tmp_path / "use.yaml")
    with pytest.raises(ConfigError, match=r"use\.yaml:12: column 'sexx' is never stored"):
        store_source_table(
            Bucket.from_store(MemoryStore()), written.use_case.data, "t", loaded_use_case=written
        )
    file.write_text("a\n1\n")
    with pytest.raises(ConfigError, match=r"data\.types: column 'a' is never stored"):
        take(file, never_store=["a"], types={"a": "text"})


@pytest.mark.parametrize(
    "more",
    [
        {"types": {"b": "text"}},
        {"dates": {"b": "iso"}},
        {"categories": {"b": ["x"]}},
        {"never_store": ["b"]},
    ],
)
@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
def test_a_column_that_is_not_there_is_named(tmp_path, take, more, name) -> None:
    (tmp_path / "x.csv").write_text("a\n1\n")
    (tmp_path / "x.jsonl").write_text('{"a": 1}\n')
    with pytest.raises(ConfigError, match="the data have no column 'b'"):
        take(tmp_path / name, **more)


def test_a_source_of_which_most_is_malformed_is_refused(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a\nx\ny\n1\nz\n")
    with pytest.raises(SourceError, match=r"a\.csv: 3 of 4 rows .*line 2 a 'x' is not .*; line 3"):
        take(file, types={"a": "integer"})
    file.write_text("a\nx\ny\n1\n2\n")
    assert take(file, types={"a": "integer"}).about["malformed"] == 2


def test_progress_is_told(tmp_path, data, monkeypatch) -> None:
    monkeypatch.setattr("assay.sources.ingestion._EVERY", 2)
    file = tmp_path / "a.csv"
    file.write_text("a\n1\n2\n")
    said: list[str] = []
    store_source_table(Bucket.from_store(MemoryStore()), data(file), "t", say=said.append)
    assert said == ["2 rows read", "2 rows typed"]


def test_a_file_one_may_not_read_is_refused(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a\n1\n")
    file.chmod(0)
    if os.access(file, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(SourceError, match="may not be read"):
        take(file)


def test_the_example_is_the_adult_data_as_published() -> None:
    from assay.config.data import Data

    data = Data.model_validate_json(
        '{"source": "examples/income/adult.parquet", "missing": ["?"],'
        ' "target": {"column": "income", "positive": ">50K"}}'
    )
    bucket = Bucket.from_store(MemoryStore())
    found = store_source_table(bucket, data, "income")
    assert found.metadata["rows"] == 48_842
    frame = Table.read(bucket, found.table).to_pandas()
    assert frame["income"].value_counts().to_dict() == {"<=50K": 37_155, ">50K": 11_687}
    missing = frame.isna().sum()
    assert missing[missing > 0].to_dict() == {
        "workclass": 2799,
        "occupation": 2809,
        "native_country": 857,
    }
    shares = frame["income"].eq(">50K").groupby(frame["sex"]).mean()
    assert round(shares["Female"] - shares["Male"], 5) == -0.19452


def test_a_wide_table_that_is_long_in_reading_tells_of_it(tmp_path, data, monkeypatch) -> None:
    clock = iter(range(0, 1000, 25))
    monkeypatch.setattr("assay.sources.ingestion.time.monotonic", lambda: next(clock))
    file = tmp_path / "a.csv"
    file.write_text("a\n1\n2\n")
    said: list[str] = []
    store_source_table(Bucket.from_store(MemoryStore()), data(file), "t", say=said.append)
    assert said == ["2 rows read", "2 rows typed"]


def test_the_names_of_a_block_are_asked_for_once_not_once_a_column() -> None:
    class Counting:
        """A batch that counts how often its schema is asked for, which lists every name."""

        def __init__(self, rows: pa.RecordBatch) -> None:
            self._rows, self.asked = rows, 0

        @property
        def schema(self) -> pa.Schema:
            self.asked += 1
            return self._rows.schema

        def __getattr__(self, name: str) -> Any:
            return getattr(self._rows, name)

    names = [f"x{i}" for i in range(200)]
    values = pa.array(["1", "2"]).dictionary_encode()
    rows = Counting(pa.RecordBatch.from_arrays([values] * len(names), names=names))
    specs = {name: ColumnSpec("integer") for name in [*names, "absent"]}
    found = convert_block(RowBlock(np.array([2, 3]), cast(pa.RecordBatch, rows)), specs)
    assert rows.asked <= 2
    assert found.batch.column("x199").to_pylist() == [1, 2]
    assert found.batch.column("absent").null_count == 2


def test_who_listens_hears_how_many_rows_were_read(tmp_path, take) -> None:
    (tmp_path / "a.csv").write_text("age,income\n" + 30 * "1,>50K\n")
    heard: list[object] = []
    with listen_to_progress(heard.append):
        take(tmp_path / "a.csv", target={"column": "income", "positive": ">50K"})
    assert UnitsDone(30, None, "rows typed") in heard
