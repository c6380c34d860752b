"""Partitioned folders, Arrow files, zips, JSON arrays: read, or refused by their name."""

from __future__ import annotations

import json
import zipfile

import fsspec
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from assay.config.data import Source
from assay.errors import SourceError
from assay.sources.files import find_files
from assay.sources.fingerprint import fingerprint

ROWS = pd.DataFrame(
    {"a": [1, 2, 3, 4], "b": ["x", "y", "x", "z"], "year": [2024, 2024, 2025, 2025]}
)


@pytest.mark.parametrize("form", ["parquet", "csv", "feather"])
def test_columns_of_partitioned_folders_are_columns(tmp_path, take, data, form) -> None:
    table = pa.Table.from_pandas(ROWS.assign(kind=["é/1", "k", "k", "é/1"]), preserve_index=False)
    folder = tmp_path / "rows"
    ds.write_dataset(
        table, folder, format=form, partitioning=["year", "kind"], partitioning_flavor="hive"
    )
    (folder / "_SUCCESS").touch()
    (folder / ".hidden").touch()
    taken = take(folder)
    assert taken.types == {"a": "integer", "b": "text", "year": "integer", "kind": "text"}
    rows = taken.frame.sort_values("a")
    assert rows["year"].tolist() == [2024, 2024, 2025, 2025]
    assert rows["kind"].tolist() == ["é/1", "k", "k", "é/1"]
    assert len(taken.about["source"]["files"]) == 4
    assert fingerprint(data(folder)) == taken.about["source"]["digest"]
    assert "k" not in take(folder, never_store=["kind"]).stored().decode().split(",")
    assert take(folder, types={"year": "text"}).frame["year"].tolist()[0] == "2024"


def test_a_partition_without_a_value_is_missing(tmp_path, take) -> None:
    for year in ("2024", "__HIVE_DEFAULT_PARTITION__"):
        (tmp_path / "rows" / f"year={year}").mkdir(parents=True)
        ROWS[["a"]].to_parquet(tmp_path / "rows" / f"year={year}" / "0.parquet")
    taken = take(tmp_path / "rows")
    assert taken.types == {"a": "integer", "year": "integer"}
    assert taken.frame["year"].isna().sum() == 4


def test_a_partitioned_folder_elsewhere_is_read(take) -> None:
    files = fsspec.filesystem("memory")
    for year in (2024, 2025):
        files.pipe(f"/hive/year={year}/a b[1].csv", f"a\n{year - 2000}\n".encode())
    frame = take("memory://hive").frame
    assert frame["year"].tolist() == [2024, 2025]
    assert frame["a"].tolist() == [24, 25]


def test_files_beside_partitions_make_no_table(tmp_path) -> None:
    (tmp_path / "year=2024").mkdir()
    (tmp_path / "year=2024" / "a.csv").write_text("a\n1\n")
    (tmp_path / "b.csv").write_text("a\n1\n")
    with pytest.raises(SourceError, match="this is a folder"):
        find_files(Source(path=str(tmp_path)))


@pytest.mark.parametrize("ending", ["feather", "arrow", "ipc", "arrows"])
def test_arrow_files_give_what_parquet_gives(tmp_path, take, ending) -> None:
    table = pa.table(
        {
            "a": pa.array([1, None, 3], pa.int8()),
            "n": pa.array([0.5, float("nan"), 2.0], pa.float32()),
            "t": pa.array(["x", "?", None], pa.large_string()),
            "c": pa.array(["u", "v", "u"]).dictionary_encode(),
            "d": pa.array([0, 86400, None], pa.timestamp("s", "UTC")),
            "u": pa.array([1, 2**63 + 1, None], pa.uint64()),
        }
    )
    file, other = tmp_path / f"a.{ending}", tmp_path / "a.parquet"
    if ending == "arrows":
        with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    else:
        feather.write_feather(table, file, compression="zstd")
    pq.write_table(table, other)
    taken, expected = take(file, missing=["", "?"]), take(other, missing=["", "?"])
    assert taken.types == expected.types
    assert taken.found.table.digest == expected.found.table.digest
    assert taken.about["source"]["format"] == "arrow"


@pytest.mark.parametrize("name", ["a.csv.zip", "a.zip"])
def test_a_zip_of_one_file_is_read(tmp_path, take, data, name) -> None:
    with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("folder/", "")
        packed.writestr("folder/rows.csv", "a,b\n" + "1,x\n" * 1000)
        packed.writestr("__MACOSX/folder/._rows.csv", "no table")
    taken = take(tmp_path / name)
    assert taken.types == {"a": "integer", "b": "text"}
    assert len(taken.frame) == 1000
    assert taken.about["source"]["digest"] == fingerprint(data(tmp_path / name))


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"a.csv": "a\n1\n", "b.csv": "a\n1\n"}, r"the zip holds 2 files \(a\.csv, b\.csv\)"),
        ({}, "the zip holds 0 files"),
    ],
)
def test_a_zip_of_other_than_one_file_is_refused(tmp_path, take, members, said) -> None:
    with zipfile.ZipFile(tmp_path / "a.csv.zip", "w") as packed:
        for name, text in members.items():
            packed.writestr(name, text)
    with pytest.raises(SourceError, match=said):
        take(tmp_path / "a.csv.zip")


def test_what_is_no_zip_is_refused(tmp_path, take) -> None:
    (tmp_path / "a.csv.zip").write_text("a\n1\n")
    with pytest.raises(SourceError, match="broken or cut short"):
        take(tmp_path / "a.csv.zip")


@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_of_json_is_read(tmp_path, take, indent) -> None:
    rows = [{"a": n, "b": "x\n]," * (n % 3), "c": n / 4} for n in range(5000)]
    (tmp_path / "a.json").write_text(json.dumps([*rows[:9], 7, *rows[9:]], indent=indent))
    taken = take(tmp_path / "a.json")
    assert taken.types == {"a": "integer", "b": "text", "c": "number"}
    assert taken.frame["a"].tolist() == list(range(5000))
    (odd,) = taken.quarantine
    assert odd == {"line": 47 if indent else 1, "reason": "is no JSON object", "row": "7"}


@pytest.mark.parametrize("text", ['[{"a": 1}, {"a": 2}', '[{"a": 1}, {a: 2}]', "[{"])
def test_an_array_that_is_cut_short_is_refused(tmp_path, take, text) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(SourceError, match="the array of JSON is cut short"):
        take(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        ("xls", "an Excel file of before 2007 is not read"),
        ("sav", "an SPSS file is not read"),
        ("pkl", "a pickle is not read"),
        ("avro", "Avro is not read"),
        ("parquet.gz", "Parquet in a .gz file is not read"),
        ("feather.zip", "Arrow in a .zip file is not read"),
        ("sqlite", "a database file is not read"),
    ],
)
def test_what_is_not_read_is_refused_by_its_name(tmp_path, take, ending, said) -> None:
    (tmp_path / f"a.{ending}").write_bytes(b"anything")
    with pytest.raises(SourceError, match=said):
        take(tmp_path / f"a.{ending}")
