import json
import logging
import socket

import numpy as np
import pandas as pd
import pytest

from assay.bucket.bucket import Bucket
from assay.config.data import Target
from assay.config.gates import Expectation
from assay.errors import ConfigError
from assay.gates.report import Verdict
from assay.gates.validation.gate import validate_table
from assay.sources.quarantine import QuarantineSummary
from assay.sources.reading_notes import ReadingNotes
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "age": [17, 30, 95, 40, 101, 50],
            "sex": pd.Series(["F", "M", None, "M", "x", "F"], dtype="str"),
            "kind": pd.Categorical(["a", "b", "c", "a", "b", "c"], categories=["a", "b", "c"]),
            "when": pd.date_range("2020-01-01", periods=6).as_unit("us"),
            "member": pd.Series([True, False, None, True, True, False], dtype=object),
            "income": ["low", "high"] * 3,
        }
    )


def rule(kind, severity="critical", because="", **kwargs):
    return Expectation(type=kind, kwargs=kwargs, severity=severity, because=because)


BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"


def judge(frame, *rules, **more):
    return validate_table(frame, rules, subject="people", **more)


def only(found, name):
    [check] = [c for c in found.report.checks if c.name == name]
    return check


def where(path):
    return f"people.yaml:{'.'.join(map(str, path))}"


def test_a_broken_rule_tells_how_many_values_break_it_and_which(frame):
    found = judge(frame, rule(BETWEEN, column="age", min_value=17, max_value=90))
    check = only(found, f"{BETWEEN}[age]")
    assert check.verdict is Verdict.FAIL
    assert check.estimate == pytest.approx(100 * 2 / 6)
    assert check.threshold == 0.0
    assert "2 of 6 values" in check.why
    assert "95 (1x)" in check.why
    assert "age" in check.claim
    assert "90" in check.claim
    assert found.report.verdict is Verdict.FAIL


def test_failing_rows_are_named_by_number_rule_column_and_value(frame):
    frame.index = [7] * len(frame)  # the number is the row's place, whatever the index says
    found = judge(
        frame,
        rule(IN_SET, column="sex", value_set=["F", "M"]),
        rule(BETWEEN, column="age", min_value=17, max_value=90),
    ).failing_rows
    assert found.to_dict("list") == {
        "row": [5, 3, 5],
        "rule": [f"{IN_SET}[sex]", f"{BETWEEN}[age]", f"{BETWEEN}[age]"],
        "column": ["sex", "age", "age"],
        "value": ["x", "95", "101"],
    }
    assert found["row"].dtype == "int64"
    assert list(found.index) == [0, 1, 2]


def test_a_rule_across_columns_names_them_all(frame):
    pair = rule("expect_column_pair_values_to_be_equal", column_A="sex", column_B="kind")
    failing = judge(frame, pair).failing_rows
    assert failing["column"].iloc[0] == "sex,kind"
    assert failing["value"].iloc[0] == "('F', 'a')"


def test_mostly_sets_the_threshold(frame):
    found = judge(frame, rule(BETWEEN, column="age", max_value=90, mostly=0.6))
    check = only(found, f"{BETWEEN}[age]")
    assert check.verdict is Verdict.PASS
    assert check.threshold == pytest.approx(40)
    assert found.failing_rows.empty


@pytest.mark.parametrize(
    ("severity", "verdict"),
    [("critical", Verdict.FAIL), ("warning", Verdict.CAUTION), ("info", Verdict.CAUTION)],
)
def test_only_a_critical_rule_fails_the_gate(frame, severity, verdict):
    found = judge(frame, rule(BETWEEN, severity=severity, column="age", max_value=90))
    assert found.report.verdict is verdict


def test_missing_values_are_counted_and_not_judged(frame):
    check = only(
        judge(frame, rule(IN_SET, column="sex", value_set=["F", "M", "x"])), f"{IN_SET}[sex]"
    )
    assert check.verdict is Verdict.PASS
    assert check.why == "sex: All 5 values hold. 1 missing values were not judged."


def test_nulls_are_found_in_columns_of_booleans(frame):
    found = judge(frame, rule("expect_column_values_to_not_be_null", column="member"))
    assert found.failing_rows["row"].tolist() == [3]
    assert found.failing_rows["value"].isna().all()


def test_dates_are_compared_as_moments(frame):
    found = judge(
        frame,
        rule(BETWEEN, column="when", min_value="2020-01-02", max_value="2020-01-06"),
        rule(IN_SET, column="when", value_set=[f"2020-01-0{i}" for i in range(1, 6)]),
    )
    assert found.failing_rows["row"].tolist() == [1, 6]


def test_categories_are_judged_like_text(frame):
    found = judge(frame, rule(IN_SET, column="kind", value_set=["a", "b"]))
    assert found.failing_rows["row"].tolist() == [3, 6]


def test_the_same_rule_twice_keeps_two_names(frame):
    found = judge(
        frame, rule(BETWEEN, column="age", max_value=90), rule(BETWEEN, column="age", max_value=200)
    )
    verdicts = {c.name: c.verdict for c in found.report.checks}
    assert verdicts[f"{BETWEEN}[age]"] is Verdict.FAIL
    assert verdicts[f"{BETWEEN}[age]#2"] is Verdict.PASS


def test_a_rule_for_some_rows_is_asked_of_those_rows(frame):
    found = judge(
        frame,
        rule(
            BETWEEN, column="age", min_value=40, row_condition='sex=="M"', condition_parser="pandas"
        ),
    )
    assert found.failing_rows["row"].tolist() == [2]


def test_checks_keep_the_order_of_the_use_case(frame):
    rules = [rule(BETWEEN, column="age", max_value=i) for i in (5, 4, 3)]
    rules.insert(1, rule("expect_table_row_count_to_equal", value=6))
    names = [c.name for c in judge(frame, *rules).report.checks][-4:]
    assert names == [
        f"{BETWEEN}[age]",
        "expect_table_row_count_to_equal",
        f"{BETWEEN}[age]#2",
        f"{BETWEEN}[age]#3",
    ]


def test_a_rule_keeps_its_own_answer_though_gx_answers_in_another_order(frame):
    found = judge(
        frame,
        rule(BETWEEN, column="age", max_value=90),
        rule("expect_column_mean_to_be_between", column="sex", min_value=1, max_value=2),
        rule(IN_SET, column="kind", value_set=["a", "b", "c"]),
    )
    verdicts = [c.verdict for c in found.report.checks[-3:]]
    assert verdicts == [Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS]


def test_the_reason_of_a_rule_is_shown(frame):
    found = judge(frame, rule(BETWEEN, column="age", max_value=200, because="nobody is older"))
    assert "nobody is older" in only(found, f"{BETWEEN}[age]").claim


@pytest.mark.parametrize(
    ("asked", "what", "remedy", "place"),
    [
        (rule("expect_column_values_to_be_betwen"), "knows no", BETWEEN, "expectations.0.type"),
        (rule(BETWEEN, column="age", minvalue=3), "'minvalue'", "'min_value'", "0.kwargs.minvalue"),
        (rule(BETWEEN, column="agee", min_value=3), "'agee'", "'age'", "0.kwargs.column"),
        (rule(IN_SET, column="age"), "'value_set'", "value_set", "0.kwargs.value_set"),
        (rule(BETWEEN, column="age", min_value=3, mostly=2), "'mostly'", "mostly", "kwargs.mostly"),
        (rule(BETWEEN, column="age", severity_="x"), "'severity_'", "", "0.kwargs"),
        (
            rule("expect_compound_columns_to_be_unique", column_list=["age", "sx"]),
            "'sx'",
            "'sex'",
            "0.kwargs.column_list",
        ),
        (
            rule("expect_column_pair_values_to_be_equal", column_A="age", column_B="sx"),
            "'sx'",
            "'sex'",
            "0.kwargs.column_B",
        ),
    ],
)
def test_a_rule_that_cannot_be_asked_says_where_and_what_is_meant(
    frame, asked, what, remedy, place
):
    with pytest.raises(ConfigError) as error:
        judge(frame, asked, locate=where)
    assert what in error.value.what
    assert remedy in error.value.remedy
    assert error.value.where.endswith(place) or place in error.value.where


def test_an_absent_column_breaks_a_rule_that_asks_for_it(frame):
    found = judge(
        frame,
        rule("expect_column_to_exist", column="zip"),
        rule("expect_table_columns_to_match_set", column_set=["age", "zip"]),
    )
    assert found.report.verdict is Verdict.FAIL
    assert found.failing_rows.empty


@pytest.mark.parametrize(
    "asked",
    [
        rule("expect_column_values_to_match_regex", column="sex", regex="["),
        rule("expect_column_mean_to_be_between", column="sex", min_value=1, max_value=2),
        rule("unexpected_rows_expectation", unexpected_rows_query="select * from {batch}"),
    ],
)
def test_a_rule_that_gx_cannot_judge_is_unknown_with_the_reason(frame, asked):
    found = judge(frame, asked)
    assert found.report.verdict is Verdict.UNKNOWN
    check = found.report.checks[-1]
    assert "could not judge" in check.why
    assert "Traceback" not in check.why
    assert "\n" not in check.why
    assert check.remedy


@pytest.mark.parametrize(
    "asked",
    [
        rule(BETWEEN, column="none", min_value=1),
        rule("expect_column_mean_to_be_between", column="none", min_value=1),
        rule("expect_column_stdev_to_be_between", column="one", min_value=1),
        rule(
            BETWEEN, column="age", max_value=9, row_condition="age>200", condition_parser="pandas"
        ),
    ],
)
def test_a_rule_without_a_value_to_judge_is_unknown(frame, asked):
    frame = frame.assign(none=np.nan, one=[1.0] + [np.nan] * 5)
    check = judge(frame, asked).report.checks[-1]
    assert check.verdict is Verdict.UNKNOWN
    assert check.why == f"{asked.kwargs['column']}: There is no value to judge."
    assert check.remedy


def test_a_column_without_a_value_keeps_the_rule_that_it_be_empty(frame):
    frame["none"] = np.nan
    found = judge(frame, rule("expect_column_values_to_be_null", column="none"))
    assert found.report.checks[-1].verdict is Verdict.PASS


def test_no_expectations_is_said(frame):
    found = judge(frame)
    assert found.report.verdict is Verdict.PASS
    assert "none were tested" in found.report.notes[0]
    assert list(found.failing_rows.columns) == ["row", "rule", "column", "value"]


def test_an_empty_column_is_a_caution_and_an_empty_target_a_failure(frame):
    frame["zip"] = np.nan
    assert judge(frame).report.verdict is Verdict.CAUTION
    assert "zip" in only(judge(frame), "empty_columns").why
    found = judge(frame, target=Target(column="zip", positive=1))
    assert found.report.verdict is Verdict.FAIL


def test_a_table_without_rows_fails_though_every_rule_would_hold(frame):
    found = judge(frame.head(0), rule(BETWEEN, column="age", max_value=1))
    assert found.report.verdict is Verdict.FAIL
    assert only(found, "rows").verdict is Verdict.FAIL


def test_a_target_of_one_value_fails_and_names_the_nearest(frame):
    assert judge(frame, target=Target(column="income", positive="high")).report.verdict == "pass"
    found = only(judge(frame, target=Target(column="income", positive="hihg")), "target")
    assert found.verdict is Verdict.FAIL
    assert "'high'" in found.remedy
    frame["income"] = "high"
    found = only(judge(frame, target=Target(column="income", positive="high")), "target")
    assert found.verdict is Verdict.FAIL


def test_a_third_value_of_the_target_is_a_caution_that_lists_all_until_it_is_said_to_mean_no():
    frame = pd.DataFrame({"back": ["yes"] * 3 + ["no"] * 4 + ["NaN"] * 2 + ["maybe"]})
    check = only(judge(frame, target=Target(column="back", positive="yes")), "target")
    assert check.verdict is Verdict.CAUTION
    assert "As no count 'no' (4), 'NaN' (2), 'maybe' (1)." in check.why
    assert "data.target.negative" in check.remedy
    said = Target(column="back", positive="yes", negative=("no", "NaN", "maybe"))
    assert only(judge(frame, target=said), "target").verdict is Verdict.PASS
    part = Target(column="back", positive="yes", negative=("no",))
    check = only(judge(frame, target=part), "target")
    assert check.verdict is Verdict.FAIL
    assert "'NaN'" in check.why


def test_rows_without_a_label_fail(frame):
    frame["income"] = frame["income"].where(frame.index > 0)
    check = only(judge(frame, target=Target(column="income", positive="high")), "target")
    assert check.verdict is Verdict.FAIL
    assert "1 rows have no label" in check.why


def test_gx_stays_silent_offline_and_leaves_no_files(
    frame, tmp_path, monkeypatch, capfd, recwarn, caplog
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))

    def refuse(*_args, **_kwargs):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    with caplog.at_level(logging.INFO):
        judge(
            frame,
            rule(BETWEEN, column="age", max_value=90),
            rule(IN_SET, column="sex", value_set=["F"]),
        )
    assert capfd.readouterr() == ("", "")
    assert not list(tmp_path.rglob("*"))
    assert not caplog.records
    assert not recwarn.list


def test_the_same_table_gives_the_same_bytes(frame):
    rules = [rule(BETWEEN, column="age", max_value=90), rule(IN_SET, column="sex", value_set=["F"])]
    one, other = (json.dumps(judge(frame, *rules).report.model_dump(mode="json")) for _ in range(2))
    assert one == other


@pytest.mark.parametrize(
    ("malformed", "verdict"), [(0, Verdict.PASS), (2, Verdict.CAUTION), (40, Verdict.FAIL)]
)
def test_rows_that_could_not_be_read_are_counted_in_the_verdict(malformed, verdict):
    frame = pd.DataFrame({"x": range(100), "y": ["yes", "no"] * 50})
    report = validate_table(frame, (), subject="t", malformed=QuarantineSummary(malformed)).report
    (check,) = (check for check in report.checks if check.name == "malformed")
    assert check.verdict is verdict
    assert report.verdict is verdict
    assert str(malformed) in check.why


def test_infinite_and_huge_values_are_named_with_their_column(frame):
    frame = frame.assign(ratio=[1e300, 1.0, -1e31, np.nan, 1e30, np.inf])
    bucket = Bucket.from_store(MemoryStore())
    stored = Table.read(bucket, write_frame(bucket, frame, "people"))
    notes = ReadingNotes(rows=6, infinite={"ratio": 2})
    for rows in (frame, stored):
        check = only(judge(rows, notes=notes), "extreme_values")
        assert check.verdict is Verdict.CAUTION
        assert check.why == (
            "ratio: 3 infinite values, treated as missing; "
            "ratio: 2 values beyond 1e+30, learnt as 1e+30."
        )
    ordinary = judge(frame.drop(columns="ratio"))
    assert "extreme_values" not in [check.name for check in ordinary.report.checks]


def test_rows_that_were_left_out_are_counted(frame):
    notes = ReadingNotes(rows=100, filtered=90, unlabelled=4)
    check = only(judge(frame, notes=notes), "left_out")
    assert check.verdict is Verdict.PASS
    assert check.estimate == 0.94
    assert "94 of 100 rows were left out: 90 by data.where and 4 by data.target" in check.why
    assert "left_out" not in [check.name for check in judge(frame).report.checks]
