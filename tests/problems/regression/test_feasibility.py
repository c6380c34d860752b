"""The whole gate of amounts: what it finds, refuses and keeps to."""

import json

import numpy as np
import pandas as pd
import pytest

from assay.bucket.bucket import Bucket
from assay.config.use_case import UseCase
from assay.errors import DataError
from assay.gates.feasibility.periods import find_periods
from assay.gates.report import Check, Report, Verdict
from assay.problems.feasibility.stationarity import check_stationarity
from assay.problems.regression.amount_rows import AMOUNTS, AmountRows
from assay.problems.regression.feasibility import collect_findings, judge_feasibility
from assay.problems.regression.signal import check_signal
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame
from tests.problems.feasibility.made import amount_use_case, made_amounts

RULE = {"metric": "mean_error", "by": ["sex"], "tolerance": 1, "because": "agreed"}


def judged(frame: pd.DataFrame | Table, use_case: UseCase) -> Report:
    found = collect_findings(frame, use_case, say=lambda _text: None)
    stored = json.loads(json.dumps(found, allow_nan=False))
    return judge_feasibility(stored, frame, use_case)


def rows_of(frame: pd.DataFrame, use_case: UseCase) -> AmountRows:
    return AmountRows.from_rows(frame, use_case, 0, AMOUNTS)


def only(report: Report, name: str) -> Check:
    [check] = [c for c in report.checks if c.name == name]
    return check


def test_amounts_that_can_be_learnt_pass_with_every_check_that_was_asked_for() -> None:
    case = amount_use_case(
        data={"sensitive": {"sex": {}}},
        feasibility={"reach": {"r2": 0.3, "mae": 2.2}},
        fairness=[RULE],
    )
    report = judged(made_amounts(800), case)
    assert report.gate == "feasibility"
    names = {check.name for check in report.checks}
    assert names >= {
        *("signal", "reach[r2]", "reach[mae]", "learning_curve[r2]", "sample_size", "leakage"),
        *(
            "duplicates",
            "missingness",
            "identifiers",
            "grouped_rows",
            "group_power[mean_error,sex]",
        ),
    }
    assert [c.name for c in report.checks_with(Verdict.FAIL)] == []
    assert [row[0] for row in report.sheets[0].rows] == list(range(1, 11))
    assert only(report, "signal").verdict is Verdict.PASS
    assert all(len(figure.alt) > 40 for figure in report.figures)


def test_a_stored_table_gives_the_report_of_its_frame() -> None:
    frame = made_amounts(200)
    frame.loc[:9, "pay"] = np.nan
    table = Table.read(b := Bucket.from_store(MemoryStore()), write_frame(b, frame, "rows"))
    case = amount_use_case()
    report = judged(frame, case)
    assert judged(table, case) == report
    assert any("10 rows without a label" in note for note in report.notes)


def test_the_unit_changes_no_verdict() -> None:
    frame = made_amounts(300)
    reach = {"feasibility": {"reach": {"r2": 0.4, "rmse": 2.2}}}
    scaled = {"feasibility": {"reach": {"r2": 0.4, "rmse": 2.2e-6}}}
    one = judged(frame, amount_use_case(**reach))
    other = judged(frame.assign(pay=1e-6 * frame["pay"]), amount_use_case(**scaled))
    assert [(c.name, c.verdict) for c in one.checks] == [(c.name, c.verdict) for c in other.checks]
    assert only(other, "signal").estimate == pytest.approx(only(one, "signal").estimate, abs=1e-6)


def test_no_signal_fails_only_where_the_rows_would_have_shown_it() -> None:
    few, _ = check_signal(rows_of(made_amounts(150, strength=0), amount_use_case()))
    assert few.verdict is Verdict.UNKNOWN
    assert "Add about" in few.remedy
    many, _ = check_signal(rows_of(made_amounts(1500, strength=0), amount_use_case()))
    assert many.verdict is Verdict.FAIL


def test_a_target_beyond_the_noise_fails_by_both_figures() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"level": rng.integers(0, 12, 1500), "site": rng.integers(0, 4, 1500)})
    frame["pay"] = frame["level"] + frame["site"] + 4 * rng.normal(size=1500)
    best = (143 / 12 + 15 / 12) / (143 / 12 + 15 / 12 + 16)  # 0.451
    report = judged(frame, amount_use_case(feasibility={"reach": {"r2": 0.65}}))
    check = only(report, "ceiling[r2]")
    assert check.verdict is Verdict.FAIL
    assert check.estimate == pytest.approx(best, abs=0.05)
    assert "0.65 is asked for" in check.why
    assert only(report, "reach[r2]").verdict is Verdict.FAIL
    assert only(report, "duplicates").verdict is Verdict.PASS
    fine = judged(frame, amount_use_case(feasibility={"reach": {"r2": 0.3}}))
    assert only(fine, "ceiling[r2]").verdict is Verdict.PASS


def test_a_few_coarse_columns_repeat_without_being_copies_and_copies_do_not_hide() -> None:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"level": rng.integers(0, 9, 600), "site": rng.integers(0, 4, 600)})
    frame["sex"] = rng.choice(["F", "M"], 600)
    frame["pay"] = (frame["level"] + 4 * rng.normal(size=600)).round()
    case = amount_use_case(data={"sensitive": {"sex": {}}})
    coarse = only(judged(frame, case), "duplicates")
    assert coarse.estimate > 0.01
    assert coarse.verdict is Verdict.PASS
    fine = pd.concat([made_amounts(200)] * 3, ignore_index=True)
    fine["sex"] = rng.choice(["F", "M", "X"], 600)
    assert only(judged(fine, case), "duplicates").verdict is Verdict.CAUTION


def test_a_column_that_restates_the_amount_is_named_with_both_lines() -> None:
    frame = made_amounts(300)
    frame["in_cents"] = (100 * frame["pay"]).round(1)
    report = judged(frame, amount_use_case())
    check = only(report, "leakage")
    assert check.verdict is Verdict.FAIL
    assert "in_cents" in check.why
    assert "data.after_outcome: [in_cents]" in check.remedy
    assert "data.exclude: [in_cents]" in check.remedy
    assert only(report, "drop_one").verdict in {Verdict.PASS, Verdict.CAUTION}


def over_time(frame: pd.DataFrame) -> list[Check]:
    data = rows_of(frame, amount_use_case(data={"time": "year"}))
    periods, _ = find_periods(data)
    assert periods is not None
    checks, _ = check_stationarity(data, periods, ("The mean pay",))
    return checks[:2]


def test_later_rows_that_mean_another_thing_fail_and_a_moved_outcome_is_named() -> None:
    frame = made_amounts(800, strength=3).assign(year=np.arange(800) // 100)
    late = frame["year"] >= 6
    steady = over_time(frame)
    assert [check.verdict for check in steady] == [Verdict.PASS, Verdict.PASS]
    turned = frame.assign(pay=np.where(late, 44 - frame["pay"], frame["pay"]))
    assert over_time(turned)[0].verdict is Verdict.FAIL
    for step in (5, -5):
        _, moved = over_time(frame.assign(pay=frame["pay"] + step * late))
        assert moved.verdict is Verdict.CAUTION
        assert "pay went from" in moved.why


def test_a_column_that_holds_rows_together_is_named() -> None:
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(150), 5)
    own, leaning = rng.normal(size=(2, 150))
    frame = pd.DataFrame(
        {
            "person": person,
            "one": own[person] + 0.02 * rng.normal(size=750),
            "pay": 4 * leaning[person] + own[person] + rng.normal(size=750),
        }
    )
    check = only(judged(frame, amount_use_case(data={"exclude": ["person"]})), "grouped_rows")
    assert check.verdict is Verdict.CAUTION
    assert "split: {by: group, column: person}" in check.remedy


@pytest.mark.parametrize(
    ("pay", "words"),
    [
        (np.full(100, 7.0), "Every row has 7"),
        (np.append(np.arange(99.0), np.inf), "1 of 100 amounts"),
        (np.full(100, np.nan), "No row has a label"),
        (np.array(["a", "b"] * 50), "`unit` asks for amounts"),
        (np.append(np.arange(19.0), np.full(81, np.nan)), "19 rows have an amount"),
    ],
)
def test_what_cannot_be_learnt_is_a_failing_check(pay: np.ndarray, words: str) -> None:
    report = judged(made_amounts(100).assign(pay=pay), amount_use_case())
    assert report.verdict is Verdict.FAIL
    assert len(report.checks) == 1
    assert words in report.checks[0].why
    assert report.checks[0].remedy


def test_logarithms_ask_for_amounts_above_0_and_learn_ratios() -> None:
    frame = made_amounts(400)
    below = judged(frame.assign(pay=frame["pay"] - 20), amount_use_case(log=True))
    assert "`log: true` needs amounts above 0" in below.checks[0].why
    rising = frame.assign(pay=np.exp(frame["pay"] / 10))
    report = judged(rising, amount_use_case(log=True, feasibility={"reach": {"mean_error": 0.5}}))
    assert only(report, "reach[mean_error]").estimate < 0.3
    assert only(report, "signal").verdict is Verdict.PASS


def test_a_sample_is_judged_where_rows_are_many_and_the_report_says_so(monkeypatch) -> None:
    monkeypatch.setattr("assay.problems.feasibility.question_rows.MIN_SAMPLE_ROWS", 200)
    case = amount_use_case(feasibility={"within": "10 ms"})
    report = judged(made_amounts(400), case)
    assert only(report, "signal").rows == 200
    assert any("a sample of 200 of 400 rows" in note for note in report.notes)


def test_a_column_that_is_not_there_is_the_use_case_s_fault() -> None:
    with pytest.raises(DataError, match="sexx"):
        judged(made_amounts(60), amount_use_case(data={"sensitive": {"sexx": {}}}))


@pytest.mark.filterwarnings("error")
def test_infinite_and_missing_features_are_borne() -> None:
    frame = made_amounts(200)
    frame.loc[::7, "one"], frame.loc[::11, "one"] = np.inf, -np.inf
    frame.loc[::3, "two"] = np.nan
    assert judged(frame, amount_use_case()).model_dump_json()
