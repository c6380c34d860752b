"""Parquet: types of its own, narrowed to the table's."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assay.errors import SourceError
from assay.sources import parquet_files


def save(path, **columns) -> None:
    pq.write_table(pa.table(columns), path)


def test_every_flat_type_finds_its_kind(tmp_path, take) -> None:
    moment = datetime.datetime(2020, 2, 29, 23, 30, tzinfo=datetime.UTC)
    save(
        tmp_path / "a.parquet",
        a=pa.array([1, None], pa.int8()),
        half=pa.array([0.5, float("nan")], pa.float32()),
        cents=pa.array([Decimal("1.25"), None]),
        whole=pa.array([Decimal(7), None], pa.decimal128(9, 0)),
        big=pa.array([2**64 - 1, None], pa.uint64()),
        text=pa.array(["x", "?"], pa.large_string()),
        coded=pa.array(["?", "y"]).dictionary_encode(),
        flag=[True, None],
        day=[datetime.date(2020, 2, 29), None],
        zoned=pa.array([moment, None], pa.timestamp("ns", "Asia/Tokyo")),
        nothing=pa.nulls(2),
    )
    taken = take(tmp_path / "a.parquet", missing=["?"])
    assert list(taken.types.values()) == [
        *["integer", "number", "number", "integer", "text", "text", "text"],
        *["boolean", "date", "date", "text"],
    ]
    first, second = taken.table.to_arrow().to_pylist()
    assert first["zoned"] == datetime.datetime(2020, 2, 29, 23, 30)  # noqa: DTZ001 - UTC
    assert first["cents"] == 1.25
    assert first["coded"] is None
    assert [name for name, value in second.items() if value is not None] == ["coded"]


def test_dates_of_all_centuries_are_read_whatever_holds_them(tmp_path, take) -> None:
    last, early = datetime.datetime(9999, 12, 31, 23, 59, 59), datetime.datetime(1066, 10, 14)  # noqa: DTZ001
    fine, zoned = pa.timestamp("us"), pa.timestamp("ms", "America/New_York")
    rows = pa.table({"a": pa.array([last, early], fine), "b": pa.array([last, early], zoned)})
    pq.write_table(rows, tmp_path / "new.parquet")
    pq.write_table(rows, tmp_path / "old.parquet", use_deprecated_int96_timestamps=True)
    for name in ("new.parquet", "old.parquet"):
        found = take(tmp_path / name).table.to_arrow()
        assert found.column("a").to_pylist() == found.column("b").to_pylist() == [last, early]


def test_a_date_that_no_table_holds_sets_one_row_aside(tmp_path, take) -> None:
    days = pa.array([0, 2**31 - 1, -719_163, 1, 2, 3, 4], pa.int32()).cast(pa.date32())
    stamps = pa.array([0, 1, 2, 10**15, 4, 5, 6]).cast(pa.timestamp("s"))
    save(tmp_path / "a.parquet", a=[1, 2, 3, 4, 5, 6, 7], day=days, stamp=stamps)
    (tmp_path / "a.csv").write_text(
        "a,day\n1,2020-01-01\n2,9999-12-31T23:59:59-05:00\n3,0000-01-01\n4,0001-01-01\n5,9999-12-31\n"
    )
    taken = take(tmp_path / "a.parquet")
    assert taken.frame["a"].tolist() == [1, 5, 6, 7]
    assert [row["line"] for row in taken.quarantine] == [2, 3, 4]
    written = take(tmp_path / "a.csv", dates={"day": "iso"})
    assert written.frame["a"].tolist() == [1, 4, 5]
    assert [row["line"] for row in written.quarantine] == [3, 4]


def test_declared_types_are_kept_exactly_or_rows_set_aside(tmp_path, take, monkeypatch) -> None:
    monkeypatch.setattr(parquet_files, "BATCH_ROWS", 2)
    save(
        tmp_path / "a.parquet",
        a=[1.0, 2.5, 3.0, None],
        id=pa.array([2**64 - 1, 5, 6, 7], pa.uint64()),
        n=pa.array([2**63 - 1, 5, 6, 7], pa.uint64()),
        name=["p", "q", "r", "SECRET"],
        grade=["low", "high", "none", "low"],
        code=pa.array([1, 2, 1, 1]),
    )
    taken = take(
        tmp_path / "a.parquet",
        types={"a": "integer", "id": "text", "n": "integer", "code": "category"},
        categories={"grade": ["low", "high"]},
        never_store=["name"],
    )
    assert [(q["line"], q["reason"]) for q in taken.quarantine] == [
        (2, "a 2.5 is not a 64-bit integer"),
        (3, "grade 'none' is not one of its categories"),
    ]
    assert taken.frame["id"].tolist() == [str(2**64 - 1), "7"]
    assert taken.frame["n"].tolist() == [2**63 - 1, 7]
    assert list(taken.frame["code"].cat.categories) == ["1", "2"]
    assert b"SECRET" not in taken.stored()


def test_several_files_meet_in_the_wider_type(tmp_path, take) -> None:
    save(tmp_path / "1.parquet", a=[1, 2], b=["x", "y"])
    save(tmp_path / "2.parquet", b=["z"], a=[0.5])
    save(tmp_path / "3.parquet", b=pa.nulls(1), a=[3])
    taken = take(tmp_path / "*.parquet")
    assert taken.frame["a"].tolist() == [1.0, 2.0, 0.5, 3.0]
    assert taken.types == {"a": "number", "b": "text"}
    save(tmp_path / "4.parquet", a=[1])
    with pytest.raises(SourceError, match=r"column 'b' stands only in .*1\.parquet"):
        take(tmp_path / "*.parquet")


@pytest.mark.parametrize("column", [[[1]], [{"x": 1}], [b"x"], [datetime.time(1)]])
def test_columns_that_no_table_holds_are_refused_but_may_be_dropped(tmp_path, take, column) -> None:
    save(tmp_path / "a.parquet", a=[1], odd=column)
    with pytest.raises(SourceError, match=r"(?s)column 'odd'.*never_store: \[odd\]"):
        take(tmp_path / "a.parquet")
    assert take(tmp_path / "a.parquet", never_store=["odd"]).types == {"a": "integer"}


def test_files_that_are_not_whole_parquet_are_refused(tmp_path, take) -> None:
    file = tmp_path / "a.parquet"
    file.write_bytes(b"a,b\n1,2\n")
    with pytest.raises(SourceError, match=r"(?s)a\.parquet: this cannot be read as Parquet.*csv"):
        take(file)
    file.write_bytes(b"")
    with pytest.raises(SourceError, match="the file is empty"):
        take(file)
    save(file, a=list(range(1000)))
    content = bytearray(file.read_bytes())
    content[4:80] = b"\xff" * 76
    file.write_bytes(content)
    with pytest.raises(SourceError, match="this cannot be read as Parquet"):
        take(file)
    save(file, a=pa.array([], pa.int64()))
    with pytest.raises(SourceError, match="the source has no rows"):
        take(file)


@pytest.mark.parametrize("kind", [pa.uint64(), pa.decimal128(20, 0), pa.decimal128(22, 2)])
def test_identifiers_beyond_2_to_the_53_do_not_merge(tmp_path, take, kind) -> None:
    path = tmp_path / "a.parquet"
    fit, beyond = [2**53, 2**53 + 1, None], [5, 2**63 + 1, None]
    save(path, a=pa.array(fit, pa.decimal128(20, 0)).cast(kind))
    exact = [str(2**53), str(2**53 + 1), None]
    fraction = pa.types.is_decimal(kind) and kind.scale
    held = take(path).table.to_arrow()["a"].to_pylist()
    assert held == ([f"{v}.00" if v else v for v in exact] if fraction else fit)
    save(path, a=pa.array(beyond, pa.decimal128(20, 0)).cast(kind))
    held = take(path).table.to_arrow()["a"].to_pylist()
    assert [v and v.removesuffix(".00") for v in held] == ["5", str(2**63 + 1), None]


def test_identifiers_of_one_file_do_not_merge_by_numbers_in_another(tmp_path, take) -> None:
    save(tmp_path / "1.parquet", a=[2**53, 2**53 + 1])
    save(tmp_path / "2.parquet", a=[0.5, 2.0])
    taken = take(tmp_path / "*.parquet")
    assert taken.frame["a"].tolist() == [str(2**53), str(2**53 + 1), "0.5", "2"]


def test_moments_of_any_unit_meet_text_in_another_file(tmp_path, take) -> None:
    save(tmp_path / "1.parquet", a=pa.array([1_999, 0], pa.timestamp("ns", "Asia/Tokyo")))
    save(tmp_path / "2.parquet", a=["odd"])
    taken = take(tmp_path / "*.parquet")
    assert taken.frame["a"].tolist() == ["1970-01-01T00:00:00.000001", "1970-01-01", "odd"]


def test_a_file_without_rows_changes_no_type(tmp_path, take) -> None:
    pd.DataFrame({"a": ["x"], "b": [True], "c": [0.5]})[:0].to_parquet(tmp_path / "0.parquet")
    pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5], "c": [3, 4]}).to_parquet(tmp_path / "1.parquet")
    taken = take(tmp_path / "*.parquet")
    assert taken.types == {"a": "integer", "b": "number", "c": "integer"}
    assert taken.about["hints"] == []


def test_a_column_without_a_value_in_one_file_makes_no_text_of_the_others(tmp_path, take) -> None:
    nothing = pa.table({"a": pa.array([None, None], pa.string())})
    pq.write_table(nothing, tmp_path / "0.parquet")
    pd.DataFrame({"a": [1, 2]}).to_parquet(tmp_path / "1.parquet")
    taken = take(tmp_path / "*.parquet")
    assert taken.types == {"a": "integer"}
    assert taken.frame["a"].dropna().tolist() == [1, 2]


def test_files_that_give_a_column_different_types_are_named(tmp_path, take) -> None:
    pd.DataFrame({"n": [1], "b": [True]}).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"n": ["2"], "b": [0]}).to_parquet(tmp_path / "2.parquet")
    pd.DataFrame({"n": [2.5], "b": [False]}).to_parquet(tmp_path / "3.parquet")
    one, two, three = (f"{tmp_path}/{n}.parquet" for n in (1, 2, 3))
    taken = take(tmp_path / "*.parquet")
    assert taken.types == {"n": "text", "b": "text"}
    hint_on_numbers, hint_on_booleans = taken.about["hints"]
    assert hint_on_numbers == (
        f"column 'n' is text because its files disagree: integer in {one}; text in {two}; number "
        f"in {three}; make them agree, or write `types: {{n: number}}` under data to set aside "
        "other rows"
    )
    assert hint_on_booleans == (
        f"column 'b' is text because its files disagree: boolean in {one}, {three}; integer in "
        f"{two}; make them agree, or write `types: {{b: boolean}}` under data, by which 1 is true "
        "and 0 false"
    )
    declared = take(tmp_path / "*.parquet", types={"n": "number", "b": "boolean"})
    assert declared.frame["n"].tolist() == [1.0, 2.0, 2.5]
    assert declared.frame["b"].tolist() == [True, False, False]
    assert declared.about["hints"] == []


def test_numbers_that_stand_in_a_column_of_text_are_pointed_out(tmp_path, take) -> None:
    frame = {"n": ["1,5", "2,5"], "m": ["1", "NA"], "zip": ["00501", "10115"], "t": ["x", "1"]}
    pd.DataFrame(frame).to_parquet(tmp_path / "1.parquet")
    file = tmp_path / "1.parquet"
    hint_on_n, hint_on_m = take(file).found.text_hints
    assert hint_on_n.endswith("though its values are numbers written as '1,5', the first in line 1")
    assert hint_on_m == (
        "column 'm' is text because of 1 of 2 values, the first 'NA' in line 2: the others are "
        'numbers; write `decimal: ","` under data.source and `missing: ["", "NA"]` under data and '
        "`types: {n: number, m: number}` under data for these 2 columns"
    )
    source = {"path": str(file), "decimal": ","}
    taken = take(source, missing=["", "NA"], types={"n": "number", "m": "number"})
    assert taken.frame["n"].tolist() == [1.5, 2.5]
    assert taken.frame["m"].dropna().tolist() == [1.0]
