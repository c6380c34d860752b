"""CSV: every row on its line, none lost."""

from __future__ import annotations

import bz2
import csv
import gzip
import io

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import ConfigError, SourceError
from assay.sources import delimited_files, text_files
from assay.sources.delimited_files import DelimitedFiles
from assay.sources.files import SourceFile, find_files

PACKED = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".zst": lambda raw: pa.compress(raw, "zstd", asbytes=True),
}


def test_types_are_those_that_every_value_has(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text(
        "a,zip,share,flag,word,mixed,huge,none\n"
        "1,00501,1.5,true,x,1,9223372036854775808,\n"
        "-2,20095,-.5e3,FALSE, y ,one,1,\n"
        ",,,,,,,\n"
    )
    taken = take(file)
    assert taken.types == {
        "a": "integer",
        "zip": "text",
        "share": "number",
        "flag": "boolean",
        "word": "text",
        "mixed": "text",
        "huge": "text",
        "none": "text",
    }
    assert taken.frame["zip"].tolist()[:2] == ["00501", "20095"]
    assert taken.frame["share"].tolist()[:2] == [1.5, -500.0]
    assert taken.frame["word"][1] == " y "
    assert taken.frame["huge"][0] == "9223372036854775808"
    assert [c["missing"] for c in taken.about["columns"]] == [1, 1, 1, 1, 1, 1, 1, 3]
    assert "column 'none' is empty: every value is missing" in taken.about["hints"]


def test_a_few_values_that_keep_a_column_from_being_numeric_are_pointed_out(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a\n" + "7\n" * 60 + "abc\n" + "8\n" * 60 + "n/a\n")
    taken = take(file)
    assert taken.types == {"a": "text"}
    (hint,) = taken.about["hints"]
    assert hint == (
        "column 'a' is text because of 2 of 122 values, the first 'abc' in line 62; declare "
        "types: {a: integer} to quarantine such rows, or list the value under missing"
    )
    assert take(file, missing=["n/a", "abc"]).types == {"a": "integer"}


def test_a_column_that_is_text_through_and_through_needs_no_hint(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a\n" + "x\n" * 50)
    assert take(file).about["hints"] == []


def test_rows_that_do_not_fit_are_set_aside_with_their_lines(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text(
        "a,b,c,d\n"  # line 1
        '1,low,2020-02-29,"two\nlines"\n'
        "\n"
        "x,low,2020-02-29,p\n"  # 5
        "2,middle,2020-02-30,q\n"
        "3,high\n"
        "+04, high ,2020-02-29T23:30:00-01:00,r\n"  # 8
        "5.0,low,,s,t\n"
        "6.0,low,,\n"
        "99999999999999999999,low,,\n"
        "7,,,\n8,,,\n9,,,\n"
    )
    taken = take(
        file, types={"a": "integer"}, categories={"b": ["low", "high"]}, dates={"c": "iso"}
    )
    assert taken.about["malformed"] == 5
    assert [(q["line"], q["reason"]) for q in taken.quarantine] == [
        (5, "a 'x' is not a 64-bit integer"),
        (6, "b 'middle' is not one of its categories; c '2020-02-30' is not an ISO date"),
        (7, "has 2 fields instead of 4"),
        (9, "has 5 fields instead of 4"),
        (11, "a '99999999999999999999' is not a 64-bit integer"),
    ]
    assert taken.quarantine[0]["row"] == '{"a": "x", "b": "low", "c": "2020-02-29", "d": "p"}'
    assert taken.quarantine[2]["row"] == "3,high"
    assert taken.frame["a"].tolist() == [1, 4, 6, 7, 8, 9]
    assert taken.frame["b"].tolist()[:3] == ["low", "high", "low"]
    assert str(taken.frame["c"][1]) == "2020-03-01 00:30:00"
    assert taken.frame["d"][0] == "two\nlines"


def test_lines_are_right_after_rows_that_were_skipped(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a,b\n1,x\n\n2\n3,y\nz,y\n4,1e999\n5,1e9\n6,\n7,\n8,\n9,-.5\n")
    taken = take(file, types={"a": "integer"})
    assert [q["line"] for q in taken.quarantine] == [4, 6]
    assert taken.types["b"] == "text"
    taken = take(file, types={"a": "integer", "b": "number"})
    assert [q["line"] for q in taken.quarantine] == [2, 4, 5, 6]
    assert taken.found.notes.infinite == {"b": 1}  # 1e999, which 64 bits cannot hold


def test_a_number_too_large_for_a_float_is_no_number(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a,b\n1e9,1e308\n1e999,\n")
    assert take(file).types == {"a": "text", "b": "number"}


def test_dates_follow_their_declared_form_or_are_malformed(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a,d\n1,31.12.0999\n2,01.02.2020\n3,2020-02-01\n")
    taken = take(file, dates={"d": "%d.%m.%Y"})
    assert [str(d) for d in taken.frame["d"].dt.date] == ["0999-12-31", "2020-02-01"]
    assert taken.quarantine[0]["reason"] == "d '2020-02-01' is not a date of the form %d.%m.%Y"


@pytest.mark.parametrize("form", ["iso", "%Y-%m-%d"])
def test_today_is_no_date_as_it_would_be_another_tomorrow(tmp_path, take, form) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a,d\n1,2020-01-01\n2,today\n3, now \n" + "4,2020-01-02\n" * 3)
    taken = take(file, dates={"d": form})
    assert [q["line"] for q in taken.quarantine] == [3, 4]
    assert taken.frame["a"].tolist() == [1, 4, 4, 4]


def test_marks_of_missing_values_are_compared_without_spaces(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text('a,b\n 1,?\n ?, x\n,"?"\n')
    taken = take(file, missing=["?"])
    assert taken.types == {"a": "integer", "b": "text"}
    assert [c["missing"] for c in taken.about["columns"]] == [2, 2]


def test_a_category_without_a_list_takes_its_values_from_the_data(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a,b\n1,y\n2,x\n3,y\n")
    assert list(take(file, types={"b": "category"}).frame["b"].cat.categories) == ["x", "y"]


def test_columns_that_must_never_be_stored_are_nowhere(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text(
        'a,b,name\n1,2,SECRET1\n3,x,SECRET2\n4,5,SECRET3,6\n7,8,"SECRET4"\n9,"SECRET5"x,9\n0,0,0\n'
    )
    taken = take(file, never_store=["name"], types={"b": "integer"})
    assert [q["line"] for q in taken.quarantine] == [3, 4, 6]
    assert [q["row"] for q in taken.quarantine] == ['{"a": "3", "b": "x"}', None, None]
    assert b"SECRET" not in taken.stored()
    assert taken.table.schema.names == ["a", "b"]


@pytest.mark.parametrize("word", ["x" * 140_000, '"' + "x" * 140_000 + '"'])
@pytest.mark.parametrize("beside", ["y", '"y ""z"""', '"y\nz"'])
def test_long_fields_are_kept_whatever_stands_beside_them(tmp_path, take, word, beside) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"a,b\n1,{word}\n2,{beside}\n")
    taken = take(file)
    assert taken.quarantine == []
    assert taken.frame["b"].str.len()[0] == 140_000


def test_a_quote_that_never_closes_costs_one_row(tmp_path, take, monkeypatch) -> None:
    monkeypatch.setattr(delimited_files, "MAX_LINE_LENGTH", 131_072)
    file = tmp_path / "a.csv"
    file.write_text('a,b\n1,2\n"3,4\n' + "5,6\n" * 50_000 + "7\n")
    taken = take(file)
    assert [(q["line"], q["reason"]) for q in taken.quarantine] == [
        (3, "a quote does not close within 131,072 characters"),
        (50_004, "has 1 field instead of 2"),
    ]
    assert taken.about["rows"] == 50_001


@settings(max_examples=60)
@given(
    st.lists(
        st.lists(st.text("ab,\"\n é'", min_size=1, max_size=4), min_size=2, max_size=2),
        min_size=1,
        max_size=20,
    ),
    st.integers(1, 40),
)
def test_chunks_of_any_size_give_the_same_rows_and_lines(
    data, tmp_path_factory, rows, chunk
) -> None:
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    lines = [2]
    writer.writerow(["a", "b"])
    for row in rows:
        writer.writerow(row)
        lines.append(sink.getvalue().count("\n") + 1)
    file = tmp_path_factory.mktemp("csv") / "a.csv"
    file.write_text(sink.getvalue(), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_files, "_CHUNK", chunk)
        words = data(file)
        blocks = list(DelimitedFiles(find_files(words.source), words).blocks())
    found = [tuple(r.values()) for b in blocks for r in b.rows.to_pylist()]
    assert found == [tuple(w if w.strip() else None for w in row) for row in rows]
    assert [int(n) for b in blocks for n in b.lines] == lines[:-1]
    assert not any(b.malformed_rows for b in blocks)


@settings(max_examples=150)
@given(st.lists(st.sampled_from(["a", ",", '"', "\n", '"a"', '""', " ", '"a,"']), max_size=25))
def test_the_quick_way_finds_what_the_careful_way_finds(data, tmp_path_factory, pieces) -> None:
    file = tmp_path_factory.getbasetemp() / "quick.csv"
    file.write_text("a,b\n" + "".join(pieces))
    words = data(file)
    quick = list(DelimitedFiles(find_files(words.source), words).blocks())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("assay.sources.delimited_files._is_regular", lambda *_: False)
        careful = list(DelimitedFiles(find_files(words.source), words).blocks())
    assert [(b.lines.tolist(), b.rows.to_pylist(), list(b.malformed_rows)) for b in quick] == [
        (b.lines.tolist(), b.rows.to_pylist(), list(b.malformed_rows)) for b in careful
    ]


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".csv.bz2", ".csv.zst", ".tsv", ".txt"])
def test_the_ending_tells_packing_and_delimiter(tmp_path, take, ending) -> None:
    plain = ("a\tb\n1\tx\n" if ending == ".tsv" else "a,b\n1,x\n").encode()
    file = tmp_path / f"a{ending}"
    file.write_bytes(PACKED.get(file.suffix, bytes)(plain))
    assert take(file).frame.to_dict("records") == [{"a": 1, "b": "x"}]


def test_other_encodings_marks_and_line_ends_are_read(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    for encoding in ("utf-8-sig", "utf-16", "latin-1", "cp1252"):
        file.write_bytes("a;b\r\n1;é\r\n2;ü".encode(encoding))
        name = "utf-8" if encoding == "utf-8-sig" else encoding
        taken = take({"path": str(file), "delimiter": ";", "encoding": name})
        assert taken.frame.to_dict("list") == {"a": [1, 2], "b": ["é", "ü"]}


def test_several_files_are_one_table_whatever_the_order_of_their_columns(tmp_path, take) -> None:
    (tmp_path / "2.csv").write_text("b,a\ny,2\nz\n")
    (tmp_path / "1.csv").write_text("a,b\n1,x\n")
    taken = take(tmp_path / "*.csv")
    assert taken.frame.to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}
    assert [len(taken.about["source"]["files"]), taken.about["source"]["size"]] == [2, 18]
    assert taken.quarantine[0]["reason"] == f"of {tmp_path / '2.csv'} has 1 field instead of 2"
    (tmp_path / "3.csv").write_text("a,c\n1,x\n")
    with pytest.raises(SourceError, match=r"column 'b' stands only in .*1\.csv"):
        take(tmp_path / "*.csv")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", r"a\.csv: the file is empty"),
        (b"\n\n", r"a\.csv: the file is empty"),
        (b"a,b\n", r"a\.csv: the source has no rows"),
        (b"a,a\n1,2\n", r"a\.csv:1: columns 1 and 2 are both called 'a'"),
        (b"\n,a\n1,2\n", r"a\.csv:2: column 1 has no name\n.*index=False"),
        (b"a,b\n1,2\n3,\xe9\n", r"a\.csv:3: byte 10 \(0xe9\) is not UTF-8\n.*cp1252"),
        (
            "a,b\n1,2\n".encode("utf-16"),
            r"a\.csv:1: byte 0 \(0xff\) is not UTF-8\n.*encoding: utf-16",
        ),
        (b"a,b\n1\n2\n3,4\n", r"a\.csv: 2 of 3 rows are malformed: line 2 has 1 field instead"),
        (b'a,"b\n1,2\n', r"a\.csv:1: the header cannot be read"),
    ],
)
def test_files_that_are_no_tables_are_refused_by_name(tmp_path, take, content, said) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(content)
    with pytest.raises(SourceError, match=said):
        take(file)


def test_a_byte_beyond_the_first_chunk_is_found_where_it_stands(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(text_files, "_CHUNK", 7)
    file = tmp_path / "a.csv"
    file.write_bytes("a,b\r\nü,2\r\n".encode() * 9 + b"x\xc3(\n")
    with pytest.raises(SourceError, match=r"a\.csv:19: byte 100 \(0xc3\)"):
        list(text_files.TextFile(SourceFile(str(file), str(file)), "utf-8").chunks())


@pytest.mark.parametrize("ending", [".gz", ".bz2", ".zst"])
def test_a_packed_file_that_is_cut_short_is_refused(tmp_path, take, ending) -> None:
    plain = b"a\n" + b"".join(b"%d\n" % (i * i) for i in range(100_000))
    packed = PACKED[ending](plain)
    file = tmp_path / f"a.csv{ending}"
    for content in (packed[: len(packed) // 2], b"not packed at all"):
        file.write_bytes(content)
        with pytest.raises(SourceError, match="broken or cut short"):
            take(file)


def test_an_unknown_encoding_is_refused(tmp_path, take) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    with pytest.raises(ConfigError, match="no encoding 'utf-9'"):
        take({"path": str(tmp_path / "a.csv"), "encoding": "utf-9"})


def test_identifiers_beyond_2_to_the_53_do_not_merge(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a,b,c\n9007199254740993,9007199254740993,9007199254740992\n5,1.5,1.5\n")
    taken = take(file)
    assert taken.types == {"a": "integer", "b": "text", "c": "number"}
    assert taken.frame["b"].tolist() == ["9007199254740993", "1.5"]
