"""What is proposed for a file that is written otherwise than its use case says."""

from __future__ import annotations

import re

import pytest
import ruamel.yaml

from assay.errors import AssayError, SourceError


def _proposed(said: str) -> dict:
    [line] = re.findall(r"`(source: [^`]+)` under data", said)
    return ruamel.yaml.YAML(typ="safe").load(f"{{{line}}}")["source"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_all_that_is_wrong_with_a_file_is_proposed_in_one_line(
    tmp_path, take, encoding, delimiter
) -> None:
    file = tmp_path / "a.csv"
    rows = [["Größe", "Preis", "Ort"], ["1,5", "1.234,50", "Köln"], ["2,5", "2.000,00", "Ulm"]]
    written = rows if delimiter != "," else [[f'"{value}"' for value in row] for row in rows]
    file.write_text("".join(delimiter.join(row) + "\n" for row in written), encoding=encoding)
    try:
        said = take(file).found.text_hints[-1]
    except SourceError as error:
        said = error.remedy
    if "`source:" in said:
        source = _proposed(said)
    else:  # nothing but the numbers was wrong
        source = {"path": str(file), "decimal": ",", "thousands": "."}
        assert 'write `decimal: ",", thousands: "."` under data.source' in said
    taken = take(source)
    assert taken.found.text_hints == ()
    assert taken.frame.to_dict("list") == {
        "Größe": [1.5, 2.5],
        "Preis": [1234.5, 2000.0],
        "Ort": ["Köln", "Ulm"],
    }


def test_an_encoding_that_fails_late_is_proposed_with_the_rest(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"a;b\n" + b"1,5;x\n" * 100_000 + b"2,5;M\xfcnchen\n")
    with pytest.raises(SourceError) as caught:
        take({"path": str(file), "delimiter": ";"})
    assert _proposed(caught.value.remedy) == {
        "path": str(file),
        "delimiter": ";",
        "encoding": "cp1252",
        "decimal": ",",
    }


def test_a_file_of_one_column_that_another_delimiter_splits_is_a_caution(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a;b\n1;2\n3;4\n")
    (hint,) = take(file).found.text_hints
    assert hint.startswith("the file has one column, 'a;b'. ")
    assert _proposed(hint) == {"path": str(file), "delimiter": ";"}


def test_a_file_that_is_written_as_declared_gets_no_proposal(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a,b\n1,\n3\n4\n5,6,7\n", encoding="latin-1")
    with pytest.raises(AssayError, match="malformed") as caught:
        take({"path": str(file), "encoding": "latin-1"})
    assert "Check the delimiter" in caught.value.remedy


def test_a_file_of_one_column_needs_no_delimiter(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a\n1.5\n2.5\n")
    assert take(file).found.text_hints == ()
