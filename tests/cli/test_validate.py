"""`assay validate` beside what `test_commands` says of it: an earlier state, and Data Docs."""

import json

import pytest

RULES = [{"type": "expect_column_values_to_be_between", "kwargs": {"column": "n", "min_value": 0}}]


@pytest.fixture
def files(assay, tmp_path):
    rows = ["n,colour"] + [f"{i},{'red' if i % 3 else 'blue'}" for i in range(90)]
    (tmp_path / "now.csv").write_text("\n".join(rows))
    before = ["n,colour,zip"] + [f"{i},{'rot' if i % 3 else 'blau'},1" for i in range(90)]
    (tmp_path / "before.csv").write_text("\n".join(before))
    (tmp_path / "rules.json").write_text(json.dumps(RULES))
    return assay


def test_what_changed_since_an_earlier_state_is_listed(files):
    done = files("validate", "now.csv", "--against", "before.csv", "--json")
    assert done.code == 0
    [schema] = [check for check in done.json["checks"] if check["name"] == "schema"]
    assert schema["verdict"] == "caution"
    assert schema["why"] == "dropped: zip; recoded: colour."
    [sheet] = [s for s in done.json["sheets"] if s["title"].startswith("Changes")]
    assert "likely recoded: blau -> blue, rot -> red" in sheet["rows"][1][3]
    assert done.err == ""


def test_data_docs_are_written_and_nothing_else_is_said(files, tmp_path):
    done = files("validate", "now.csv", "--rules", "rules.json", "--data-docs", "docs")
    assert done.code == 0
    assert done.err == "written: docs/index.html\n"
    assert (tmp_path / "docs" / "index.html").is_file()


def test_data_docs_without_a_rule_to_tell_of_are_a_usage_error(files):
    assert files("validate", "now.csv", "--against", "before.csv", "--data-docs", "docs").code == 2


def test_nothing_to_hold_the_data_against_is_a_usage_error(files):
    assert files("validate", "now.csv").code == 2
