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


def test_a_column_that_one_value_turns_into_text_is_a_caution_with_its_line(files, tmp_path):
    rows = ["n,colour"] + [f"{'?' if i == 7 else i},red" for i in range(90)]
    (tmp_path / "odd.csv").write_text("\n".join(rows))
    (tmp_path / "none.json").write_text("[]")
    done = files("validate", "odd.csv", "--rules", "none.json", "--json")
    assert done.code == 0
    [check] = [check for check in done.json["checks"] if check["name"] == "read_as_text"]
    assert check["verdict"] == "caution"
    assert "Column 'n' is text because of 1 of 90 values, the first '?' in line 9" in check["why"]


def test_data_docs_are_written_and_nothing_else_is_said(files, tmp_path):
    done = files("validate", "now.csv", "--rules", "rules.json", "--data-docs", "docs")
    assert done.code == 0
    assert done.err == "written: docs/index.html\n"
    assert (tmp_path / "docs" / "index.html").is_file()


def test_data_docs_without_a_rule_to_tell_of_are_a_usage_error(files):
    assert files("validate", "now.csv", "--against", "before.csv", "--data-docs", "docs").code == 2


def test_nothing_to_hold_the_data_against_is_a_usage_error(files):
    assert files("validate", "now.csv").code == 2


@pytest.mark.parametrize(("head", "line"), [("", 3), ("name: a suite\nexpectations:\n", 5)])
def test_a_misspelt_rule_is_found_in_its_file_at_its_line(files, tmp_path, head, line):
    good = "- {type: expect_column_values_to_be_unique, kwargs: {column: n}}\n"
    bad = "- type: expect_column_values_to_be_betwen\n  kwargs: {column: n}\n"
    (tmp_path / "rules.yaml").write_text(f"{head}# rules\n{good}{bad}")
    done = files("validate", "now.csv", "--rules", "rules.yaml")
    assert done.code == 1
    assert done.err.startswith(f"error: rules.yaml:{line}: Great Expectations knows no ")


@pytest.mark.parametrize("text", ["", "just text", "expectations: {type: x}"])
def test_a_file_without_a_list_of_rules_is_refused_by_its_name(files, tmp_path, text):
    (tmp_path / "rules.yaml").write_text(text)
    done = files("validate", "now.csv", "--rules", "rules.yaml")
    assert done.code == 1
    assert done.err.startswith("error: rules.yaml: this file has no list of expectations\n")


def test_a_file_of_rules_that_is_not_there_is_not_called_a_use_case(files):
    done = files("validate", "now.csv", "--rules", "rule.yaml")
    assert done.code == 1
    assert done.err.startswith("error: rule.yaml: there is no such file\n")


def test_a_rule_that_cannot_be_judged_is_not_said_to_be_broken(files, tmp_path):
    rule = {"type": "expect_column_values_to_match_regex"}
    rule["kwargs"] = {"column": "colour", "regex": "(["}
    (tmp_path / "rules.json").write_text(json.dumps([rule]))
    done = files("validate", "now.csv", "--rules", "rules.json", "--json")
    assert done.json["verdict"] == "unknown"
    assert "1 could not be judged" in done.json["summary"]
    assert "not hold" not in done.json["summary"]
