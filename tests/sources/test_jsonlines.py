"""JSON Lines: one object a line, members that come and go."""

from __future__ import annotations

import pytest

from assay.errors import SourceError
from assay.sources import text_files


def test_types_are_those_of_the_values_and_lines_are_kept(tmp_path, take, monkeypatch) -> None:
    monkeypatch.setattr(text_files, "_CHUNK", 30)  # members appear and types meet across chunks
    file = tmp_path / "a.jsonl"
    file.write_text(
        '{"a": 1, "b": "12", "c": 1, "e": NaN}\n'
        "\n"
        '{"a": 2, "c": 0.5, "d": true}\n'
        "[1, 2]\n"
        '{"a": 3,\n'
        '{"a": 1e99, "f": 9223372036854775808}\n'
        '{"a": null, "b": "", "c": -0.0, "d": false, "g": 1}\n'
        '{"g": "x"}\n'
        '{"a": Infinity}\n'
    )
    taken = take(file)
    assert taken.types == {
        "a": "number",
        "b": "text",
        "c": "number",
        "e": "text",
        "d": "boolean",
        "f": "text",
        "g": "text",
    }
    assert [q["line"] for q in taken.quarantine] == [4, 5]
    assert [q["row"] for q in taken.quarantine] == ["[1, 2]", '{"a": 3,']
    assert taken.found.notes.infinite == {"a": 1}
    assert taken.quarantine[0]["reason"] == "is no JSON object"
    assert taken.frame["f"].dropna().tolist() == ["9223372036854775808"]
    assert taken.frame["g"].dropna().tolist() == ["1", "x"]
    assert (
        "column 'g' is text because it mixes integer and text; write `types: {g: integer}` under "
        "data to set aside other rows" in taken.about["hints"]
    )


def test_declared_types_convert_what_the_values_say(tmp_path, take) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(
        '{"a": "1", "d": "2020-02-29"}\n{"a": 2.0, "d": "2020-02-30"}\n{"a": 3.5}\n{}\n{}'
    )
    taken = take(file, types={"a": "integer"}, dates={"d": "iso"})
    assert taken.types == {"a": "integer", "d": "date"}
    assert [(q["line"], q["reason"]) for q in taken.quarantine] == [
        (2, "d '2020-02-30' is not an ISO date"),
        (3, "a '3.5' is not a 64-bit integer"),
    ]


def test_members_that_must_never_be_stored_are_nowhere(tmp_path, take) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"a": 1, "name": {"x": "SECRET"}}\n{"name": "SECRET"\n{"a": 2, "name": 3}\n')
    taken = take(file, never_store=["name"])
    assert b"SECRET" not in taken.stored()
    assert taken.quarantine[0]["row"] is None


def test_nested_values_are_refused_with_what_to_do(tmp_path, take) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"a": 1}\n{"a": [1]}\n')
    with pytest.raises(SourceError, match=r"a\.jsonl: column 'a' .* type list.*\n.*Flatten"):
        take(file)


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_a_file_without_rows_is_refused(tmp_path, take, content) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(content)
    with pytest.raises(SourceError, match=r"a\.jsonl: the source has no rows"):
        take(file)


def test_a_file_of_something_else_is_refused(tmp_path, take) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(SourceError, match="2 of 2 rows are malformed: line 1 is no JSON"):
        take(file)


def test_the_text_of_a_mixed_column_does_not_depend_on_the_blocks(
    tmp_path, take, monkeypatch
) -> None:
    file = tmp_path / "a.jsonl"
    values = ["1e-05", "2.0", "2", "-0.0", "1e17", "1.5", '"odd"']
    file.write_text("\n".join(f'{{"a": {v}}}' for v in values))
    expected = ["1e-05", "2", "2", "0", "1e+17", "1.5", "odd"]
    for size in (8, 20, 40, 4 << 20):
        monkeypatch.setattr(text_files, "_CHUNK", size)
        assert take(file).frame["a"].tolist() == expected
        assert take(file, types={"a": "category"}).frame["a"].astype(str).tolist() == expected


def test_identifiers_beyond_2_to_the_53_do_not_merge(tmp_path, take, monkeypatch) -> None:
    file = tmp_path / "a.jsonl"
    ids = ["9007199254740993", "9007199254740992", "5"]
    for size in (8, 30, 4 << 20):
        monkeypatch.setattr(text_files, "_CHUNK", size)
        file.write_text("\n".join(f'{{"a": {v}}}' for v in ids))
        assert take(file).frame["a"].tolist() == [int(v) for v in ids]
        file.write_text("\n".join(f'{{"a": {v}}}' for v in [*ids, 1.5]))
        assert take(file).frame["a"].tolist() == [*ids, "1.5"]


_BEYOND = "characters that lies beyond what a number can be"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (r'{"a": "\ud800"}', "holds half of a surrogate pair, which is no text"),
        (r'{"\udc00": 1}', "holds half of a surrogate pair, which is no text"),
        ('{"a": 1e999}', f"holds a number of 5 {_BEYOND}"),
        ('{"a": -1e999}', f"holds a number of 6 {_BEYOND}"),
        (f'{{"a": {"9" * 400}}}', f"holds a number of 400 {_BEYOND}"),
        (f'{{"a": {"9" * 5000}}}', f"holds a number of 5000 {_BEYOND}"),
        ('{"a": 1, "b": 2, "a": 3}', "names 'a' more than once"),
    ],
)
def test_what_json_allows_and_no_table_holds_is_malformed(tmp_path, take, row, reason) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(f'{{"a": 0.5, "s": "\\ud83d\\ude00"}}\n{row}\n{{"a": 7}}\n')
    taken = take(file)
    assert [(q["line"], q["reason"], q["row"]) for q in taken.quarantine] == [(2, reason, row)]
    assert taken.frame["a"].tolist() == [0.5, 7.0]
    assert taken.frame["s"][0] == "\U0001f600"
