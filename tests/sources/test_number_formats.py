"""Numbers as other countries write them, units beside them, and the lines that are proposed."""

from __future__ import annotations

import json
import re

import pytest
from pydantic import ValidationError


def _proposed(hint: str, path: str) -> tuple[dict, dict]:
    """The source and the other options that a hint proposes to write."""
    import ruamel.yaml

    yaml = ruamel.yaml.YAML(typ="safe")
    source, options = {"path": path, "delimiter": ";"}, {}
    for line, place in re.findall(r"`([^`]+)` under (data(?:\.source)?)", hint):
        (source if place == "data.source" else options).update(yaml.load(f"{{{line}}}"))
    return source, options


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        (["70,0", "57,25", "3"], [70.0, 57.25, 3.0]),
        (["1.234,56", "7", "-12.345.678,9"], [1234.56, 7.0, -12345678.9]),
        (["1 234,5", "999", "1 000 000,25"], [1234.5, 999.0, 1000000.25]),
        (["1\u202f234,5", "1\u00a0999,5", "2"], [1234.5, 1999.5, 2.0]),
        (["1,234.5", "12,34,567.25", "8"], [1234.5, 1234567.25, 8.0]),
        (["1'234.50", "7", "1\u2019234\u2019567.25"], [1234.5, 7.0, 1234567.25]),
        (["12,5 %", "7 %", "3%"], [12.5, 7.0, 3.0]),
        (["€ 5,50", "€7", "-€ 1.000,25"], [5.5, 7.0, -1000.25]),
        (["$5.50", "$1,250.25", "$7"], [5.5, 1250.25, 7.0]),
        (["CHF 1'250.25", "CHF 7.50", "CHF 3.25"], [1250.25, 7.5, 3.25]),
        (["\u22121,5", "2,5", "3,5"], [-1.5, 2.5, 3.5]),
    ],
)
def test_numbers_of_other_countries_are_named_with_the_line_that_reads_them(
    tmp_path, take, values, numbers
) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a;b\n" + "".join(f"{value};x\n" for value in values), encoding="utf-8")
    taken = take({"path": str(file), "delimiter": ";"})
    assert taken.types["a"] == "text"
    (hint,) = taken.found.text_hints
    source, options = _proposed(hint, str(file))
    declared = take(source, **options)
    assert declared.types["a"] == "number"
    assert declared.frame["a"].tolist() == numbers
    assert declared.found.text_hints == ()


def test_one_line_is_proposed_for_all_columns_of_a_file(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a;b;c;d\n1,5;1.234;NA;x\n2,5;2.500;7,5;y\n")
    taken = take({"path": str(file), "delimiter": ";"})
    assert taken.types == {"a": "text", "b": "number", "c": "text", "d": "text"}
    *_, last = taken.found.text_hints
    source, options = _proposed(last, str(file))
    assert (source["decimal"], source["thousands"], options) == (",", ".", {"missing": ["", "NA"]})
    # `b` was read as 1.234, and is 1,234.
    assert take(source, **options).frame["b"].tolist() == [1234, 2500]


def test_a_number_that_can_be_read_in_two_ways_is_told_with_both(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a;b\n1,234;x\n999;y\n")
    (hint,) = take({"path": str(file), "delimiter": ";"}).found.text_hints
    assert hint.endswith(
        'write `decimal: ","` under data.source, or `thousands: ","` if 1,234 means 1234'
    )


@pytest.mark.parametrize(
    "values",
    [
        ["00501", "00502"],
        ["192.168.0.1", "10.0.0.1"],
        ["2020-01-02", "2021-03-04"],
        ["12:30", "08:15"],
        ["1,2,3", "4,5"],
        ["12345678901234567890", "22345678901234567890"],
        ["a1", "b2"],
    ],
)
def test_words_that_are_no_numbers_get_no_hint(tmp_path, take, values) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a;b\n" + "".join(f"{value};x\n" for value in values))
    assert take({"path": str(file), "delimiter": ";"}).found.text_hints == ()


@pytest.mark.parametrize("values", [["$5", "€7"], ["12 %", "0.12"]])
def test_a_column_that_mixes_units_stays_text_and_is_named(tmp_path, take, values) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a\n" + "".join(f"{value}\n" for value in values), encoding="utf-8")
    taken = take({"path": str(file), "units": ["$", "€", "%"]})
    assert taken.types == {"a": "text"}
    (hint,) = taken.found.text_hints
    assert hint.startswith("column 'a' is text because its numbers bear different units, ")


def test_rows_that_do_not_fit_the_declared_format_are_set_aside(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a;b\n1,5;1\n2.5;2\n3,5;3\n1.234,5;4\n")
    source = {"path": str(file), "delimiter": ";", "decimal": ",", "thousands": "."}
    taken = take(source, types={"a": "number"})
    assert taken.frame["a"].tolist() == [1.5, 3.5, 1234.5]
    assert [row["reason"] for row in taken.quarantine] == ["a '2.5' is not a number"]


@pytest.mark.parametrize(
    "wrong", [{"decimal": ",", "thousands": ","}, {"units": ["5"]}, {"units": [""]}]
)
def test_formats_that_would_change_numbers_are_refused(data, wrong) -> None:
    with pytest.raises(ValidationError):
        data({"path": "a.csv", **wrong})


@pytest.mark.parametrize("mark", ["NA", "N/A", "null", "None", "-", "?", ".", "NaN", "#N/A", r"\N"])
@pytest.mark.parametrize("others", [["1"] * 3, ["1.5"] * 3000, ["true", "false"]])
def test_a_known_mark_is_named_whatever_its_share(tmp_path, take, mark, others) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a;b\n" + "".join(f"{v};x\n" for v in [*others, *[mark] * 2000]))
    (hint,) = take({"path": str(file), "delimiter": ";"}).found.text_hints
    assert f"because of 2,000 of {len(others) + 2000:,} values, the first {mark!r} in line" in hint
    source, options = _proposed(hint, str(file))
    assert options == {"missing": ["", mark]}
    taken = take(source, **options)
    assert taken.types["a"] != "text"
    assert taken.frame["a"].isna().sum() == 2000


def test_a_mark_among_words_is_a_word(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a\nNA\nBern\n-\n7\n")
    assert take(file).found.text_hints == ()


def test_marks_among_the_numbers_of_json_are_named(tmp_path, take) -> None:
    file = tmp_path / "a.jsonl"
    values = [1, 2, "NA", 3, "NA"]
    file.write_text("".join(json.dumps({"a": value}) + "\n" for value in values))
    (hint,) = take(file).found.text_hints
    assert 'write `missing: ["", "NA"]` under data' in hint
    assert take(file, missing=["", "NA"]).types == {"a": "integer"}


def test_one_file_of_words_among_files_of_numbers_is_named(tmp_path, take) -> None:
    for name, values in {"1": [1, 2], "2": [], "3": [2.5], "4": ["low", "high"]}.items():
        (tmp_path / f"{name}.csv").write_text("a\n" + "".join(f"{value}\n" for value in values))
    (hint,) = take(tmp_path / "*.csv").found.text_hints
    one, _, three, four = (f"{tmp_path}/{n}.csv" for n in (1, 2, 3, 4))
    assert hint.startswith(
        f"column 'a' is text because its files disagree: integer in {one}; number in {three}; "
        f"text in {four}; make them agree"
    )


@pytest.mark.parametrize(
    ("unit", "values"),
    [
        ("s", ["1577836800", "-1", "1577836800.25"]),
        ("ms", ["1577836800000", "-1000", "1577836800250"]),
        ("us", ["1577836800000000", "-1000000", "1577836800250000"]),
        ("ns", ["1577836800000000000", "-1000000000", "1577836800250000000"]),
    ],
)
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_dates_that_count_from_1970_are_read(tmp_path, take, unit, values, ending) -> None:
    file = tmp_path / f"a.{ending}"
    lines = [f'{{"a": {value}}}' for value in values] if ending == "jsonl" else ["a", *values]
    file.write_text("\n".join(lines))
    taken = take(file, dates={"a": unit})
    assert taken.types == {"a": "date"}
    assert [str(moment) for moment in taken.frame["a"]] == [
        "2020-01-01 00:00:00",
        "1969-12-31 23:59:59",
        "2020-01-01 00:00:00.250000",
    ]


def test_a_count_that_is_no_date_in_its_unit_is_set_aside(tmp_path, take) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a\n1577836800\n1577836800\n1577836800000\n")
    taken = take(file, dates={"a": "s"})
    assert [row["reason"] for row in taken.quarantine] == [
        "a '1577836800000' is not a date in s since 1970: it lies outside of the years 1 to 9999"
    ]
