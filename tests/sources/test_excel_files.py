"""Sheets of Excel workbooks: typed rows, named sheets, what is no workbook."""

from __future__ import annotations

import datetime
import sys

import pytest

from assay.errors import ConfigError, SourceError


def _write(path, **sheets) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)


NOON = datetime.datetime.fromisoformat("2024-02-29T12:00:00")
ROWS = [
    [None, None],
    ["a", "b", "c", "d", "e", None],
    [1, 0.5, "x", NOON, True],
    [None, None, None, None, None],
    [2, None, "00501", datetime.date(1900, 3, 1), False],
]


def test_a_sheet_is_read_with_the_types_of_its_cells(tmp_path, take) -> None:
    _write(tmp_path / "a.xlsx", rows=ROWS)
    taken = take(tmp_path / "a.xlsx")
    assert taken.types == {
        "a": "integer",
        "b": "number",
        "c": "text",
        "d": "date",
        "e": "boolean",
    }
    assert taken.frame["a"].tolist() == [1, 2]
    assert taken.frame["c"].tolist() == ["x", "00501"]
    assert str(taken.frame["d"][0]) == "2024-02-29 12:00:00"
    assert taken.about["source"]["format"] == "excel"


def test_rows_that_do_not_fit_are_set_aside_with_their_number_in_the_sheet(tmp_path, take) -> None:
    _write(tmp_path / "a.xlsx", rows=[["a"], [1], [2], ["x"], [4]])
    taken = take(tmp_path / "a.xlsx", types={"a": "integer"})
    assert [(row["line"], row["reason"]) for row in taken.quarantine] == [
        (4, "a 'x' is not a 64-bit integer")
    ]


def test_of_several_sheets_one_is_named(tmp_path, take) -> None:
    _write(tmp_path / "a.xlsx", first=[["a"], [1]], second=[["a"], [2]])
    with pytest.raises(SourceError, match="has 2 sheets: first, second") as caught:
        take(tmp_path / "a.xlsx")
    assert "sheet: first" in caught.value.remedy
    source = {"path": str(tmp_path / "a.xlsx"), "sheet": "second"}
    assert take(source).frame["a"].tolist() == [2]
    with pytest.raises(SourceError, match="no sheet 'third'"):
        take({**source, "sheet": "third"})


def test_several_workbooks_are_one_table(tmp_path, take) -> None:
    for n in (1, 2):
        _write(tmp_path / f"{n}.xlsx", rows=[["a"], [n]])
    taken = take(tmp_path / "*.xlsx")
    assert taken.frame["a"].tolist() == [1, 2]
    assert len(taken.about["source"]["files"]) == 2


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"PK\x03\x04broken"])
def test_what_is_no_workbook_is_refused(tmp_path, take, content) -> None:
    (tmp_path / "a.xlsx").write_bytes(content)
    with pytest.raises(SourceError, match="cannot be read as an Excel workbook"):
        take(tmp_path / "a.xlsx")


def test_an_empty_sheet_is_refused(tmp_path, take) -> None:
    _write(tmp_path / "a.xlsx", rows=[])
    with pytest.raises(SourceError, match="the sheet is empty"):
        take(tmp_path / "a.xlsx")


def test_without_openpyxl_the_extra_is_named(tmp_path, take, monkeypatch) -> None:
    (tmp_path / "a.xlsx").touch()
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(ConfigError, match="needs openpyxl") as caught:
        take(tmp_path / "a.xlsx")
    assert "assay[excel]" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "declared_format", "modules"),
    [
        ("a.xlsx", None, ("openpyxl",)),
        ("a.bin", "excel", ("openpyxl",)),
        ("a.csv", None, ()),
        ("a.unknown", None, ()),
    ],
)
def test_openpyxl_takes_part_in_the_key_of_workbooks_only(tmp_path, name, declared_format, modules):
    from assay.config.data import Source
    from assay.sources.file_format import reader_modules
    from assay.steps.code_version import read_code_version

    (tmp_path / name).write_bytes(b"")
    assert reader_modules(Source(path=str(tmp_path / name), format=declared_format)) == modules
    distributions = read_code_version("assay.sources.ingestion", *modules).distributions
    assert ("openpyxl" in distributions) == bool(modules)


def test_a_workbook_that_is_gone_is_no_error_of_the_key(tmp_path):
    from assay.config.data import Source
    from assay.sources.file_format import reader_modules

    assert reader_modules(Source(path=str(tmp_path / "gone.xlsx"))) == ()
