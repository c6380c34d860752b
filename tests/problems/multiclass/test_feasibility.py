"""The whole gate of classes: what it finds, refuses and keeps to."""

import json

import numpy as np
import pandas as pd
import pytest

from assay.bucket.bucket import Bucket
from assay.config.use_case import UseCase
from assay.gates.feasibility.periods import find_periods
from assay.gates.report import Check, Report, Verdict
from assay.problems.feasibility.stationarity import check_stationarity
from assay.problems.multiclass.class_rows import CLASSES, ClassRows
from assay.problems.multiclass.feasibility import collect_findings, judge_feasibility
from assay.problems.multiclass.label_noise import check_label_noise
from assay.problems.multiclass.signal import area_of_share, check_signal, explained_share
from assay.problems.multiclass.unlisted_outcomes import check_unlisted_outcomes
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame
from tests.problems.feasibility.made import class_use_case, made_classes


def judged(frame: pd.DataFrame | Table, use_case: UseCase) -> Report:
    found = collect_findings(frame, use_case, say=lambda _text: None)
    stored = json.loads(json.dumps(found, allow_nan=False))
    return judge_feasibility(stored, frame, use_case)


def only(report: Report, name: str) -> Check:
    [check] = [c for c in report.checks if c.name == name]
    return check


def rows_of(frame: pd.DataFrame, use_case: UseCase) -> ClassRows:
    return ClassRows.from_rows(frame, use_case, 0, CLASSES)


def verdicts(report: Report) -> list[tuple[str, Verdict]]:
    return [(c.name, c.verdict) for c in report.checks]


def test_classes_that_can_be_learnt_pass_with_every_check_that_was_asked_for() -> None:
    rule = {"metric": "true_positive_rate", "by": ["sex"], "tolerance": 0.1, "because": "agreed"}
    case = class_use_case(
        data={"sensitive": {"sex": {}}},
        feasibility={"reach": {"log_loss": 1.35, "roc_auc_ovr": 0.6}},
        fairness=[{**rule, "classes": ["a", "c"]}, {**rule, "metric": "accuracy_score"}],
    )
    report = judged(made_classes(500, strength=1.5), case)
    names = {check.name for check in report.checks}
    assert names >= {
        *("signal", "reach[log_loss]", "reach[roc_auc_ovr]", "sample_size", "leakage"),
        *("duplicates", "contradictions", "missingness", "identifiers", "grouped_rows"),
        *("group_power[true_positive_rate,a,sex]", "group_power[true_positive_rate,c,sex]"),
        "group_power[accuracy_score,sex]",
    }
    assert "group_power[true_positive_rate,b,sex]" not in names
    small = only(report, "group_power[true_positive_rate,a,sex]")
    assert "rows that are a" in f"{small.why}"
    assert "positives" not in report.model_dump_json()
    assert [c.name for c in report.checks_with(Verdict.FAIL)] == []
    assert [row[0] for row in report.sheets[0].rows] == list(range(1, 11))
    assert only(report, "signal").verdict is Verdict.PASS


def test_a_stored_table_gives_the_report_of_its_frame() -> None:
    frame = made_classes(240)
    frame.loc[:9, "kind"] = None
    table = Table.read(b := Bucket.from_store(MemoryStore()), write_frame(b, frame, "rows"))
    assert judged(table, class_use_case()) == judged(frame, class_use_case())


def test_renamed_classes_change_no_verdict() -> None:
    frame, case = made_classes(300), class_use_case(data={"sensitive": {"sex": {}}})
    names = {"a": "none", "b": "minor", "c": "serious", "d": "killed"}
    other = class_use_case(tuple(names.values()), data={"sensitive": {"sex": {}}})
    renamed = frame.assign(kind=frame["kind"].map(names))
    assert verdicts(judged(renamed, other)) == verdicts(judged(frame, case))


def test_a_column_that_gives_one_class_of_four_away_is_named_with_the_class() -> None:
    frame = made_classes(600)
    rng = np.random.default_rng(0)
    is_d = (frame["kind"] == "d") ^ (rng.random(600) < 0.01)
    report = judged(frame.assign(dead=np.where(is_d, "yes", "no")), class_use_case())
    check = only(report, "leakage")
    assert check.verdict in {Verdict.FAIL, Verdict.CAUTION}
    assert check.estimate > 0.95
    assert "dead tells d from the rest" in check.why
    assert "data.after_outcome: [dead]" in check.remedy
    assert report.verdict.severity >= Verdict.CAUTION.severity


def test_no_signal_fails_only_where_the_rows_would_have_shown_it() -> None:
    few, _ = check_signal(rows_of(made_classes(200, strength=0), class_use_case()))
    assert few.verdict is Verdict.UNKNOWN
    assert "Add about" in few.remedy
    case = class_use_case(feasibility={"lift": 0.15})
    many, _ = check_signal(rows_of(made_classes(1200, strength=0), case))
    assert many.verdict is Verdict.FAIL


def test_a_class_of_three_rows_is_named() -> None:
    frame = made_classes(300)
    frame = frame[(frame["kind"] != "d") | (frame["kind"] == "d").cumsum().le(3)]
    report = judged(frame.reset_index(drop=True), class_use_case())
    check = only(report, "sample_size")
    assert check.verdict is Verdict.FAIL
    assert "d has 3 rows" in check.why
    assert "Add rows of d" in check.remedy
    assert report.verdict is Verdict.FAIL


def test_values_that_are_no_class_are_counted_with_the_line_that_drops_them() -> None:
    frame = made_classes(300).assign(kind=lambda f: f["kind"].mask(f.index < 7, "z"))
    frame.loc[10:12, "kind"] = None
    assert only(judged(frame, class_use_case()), "unlisted_outcomes").verdict is Verdict.CAUTION
    check = check_unlisted_outcomes(frame, class_use_case())
    assert check is not None
    assert check.estimate == 10
    assert "z (7 rows)" in check.why
    assert "3 rows have no value" in check.why
    assert "unlabelled: leave_out" in check.remedy
    target = {"column": "kind", "classes": list("abcd"), "unlabelled": "leave_out"}
    dropped = check_unlisted_outcomes(frame, class_use_case(data={"target": target}))
    assert dropped is not None
    assert dropped.verdict is Verdict.PASS
    assert check_unlisted_outcomes(made_classes(60), class_use_case()) is None


@pytest.mark.parametrize("values", [[1, 2, 3], ["1", "2", "3"], [1.0, 2.0, 3.0]])
def test_numbers_and_texts_of_them_are_the_same_classes(values: list[object]) -> None:
    frame = made_classes(150).assign(kind=np.array(values)[np.arange(150) % 3])
    assert rows_of(frame, class_use_case((1, 2, 3))).truth.tolist() == [0, 1, 2] * 50


@pytest.mark.parametrize(
    ("classes", "kinds", "words"),
    [
        (("a", "b", "c"), ["a"] * 100, "every row of a class has 'a'"),
        (("a", "b", "x"), ["a", "b"] * 50, "No row has the class x"),
        (("x", "y", "z"), ["a", "b"] * 50, "No row has a label"),
        (("a", "b", "c"), ["a", "b", "c"] * 5 + [None] * 85, "15 rows have a class"),
        (("a", "b", "c"), ["a"] * 99 + ["b"], "No row has the class c"),
        (tuple(range(300)), list(range(100)), "300 classes"),
    ],
)
def test_what_cannot_be_learnt_is_a_failing_check(
    classes: tuple[object, ...], kinds: list[object], words: str
) -> None:
    frame = made_classes(100).assign(kind=pd.Series(kinds))
    report = judged(frame, class_use_case(classes))
    assert report.verdict is Verdict.FAIL
    assert len(report.checks) == 1
    assert words.lower() in report.checks[0].why.lower()
    assert report.checks[0].remedy


def test_a_target_beyond_what_equal_rows_allow_fails() -> None:
    rng = np.random.default_rng(0)
    level = rng.integers(0, 30, 1500)
    kinds = np.where(rng.random(1500) < 0.5, level % 3, rng.integers(0, 3, 1500))  # 2/3 at best
    frame = pd.DataFrame({"level": level, "kind": np.array(list("abc"))[kinds]})
    case = class_use_case(("a", "b", "c"), feasibility={"reach": {"accuracy": 0.8, "brier": 0.3}})
    report = judged(frame, case)
    for name in ("ceiling[accuracy]", "ceiling[brier]", "contradictions"):
        assert only(report, name).verdict is Verdict.FAIL
    assert only(report, "ceiling[accuracy]").estimate == pytest.approx(2 / 3, abs=0.03)
    assert only(report, "duplicates").verdict is Verdict.PASS
    within = class_use_case(("a", "b", "c"), feasibility={"reach": {"accuracy": 0.6}})
    assert only(judged(frame, within), "ceiling[accuracy]").verdict is Verdict.PASS


def test_a_sampling_weight_gets_the_line_that_excludes_it() -> None:
    frame = made_classes(500)
    size = np.exp(2 * np.random.default_rng(1).normal(size=500) - 3 * (frame["kind"] == "d"))
    report = judged(frame.assign(weight=size), class_use_case())
    assert "data.exclude: [weight]" in only(report, "leakage[weight]").remedy


def test_wrong_labels_are_told_where_a_share_is_allowed() -> None:
    frame = made_classes(500, strength=12)
    check, _, _ = check_label_noise(rows_of(frame, class_use_case(feasibility={"noise": 0.4})))
    assert check is not None
    assert check.verdict is Verdict.PASS
    rng = np.random.default_rng(0)
    wrong = frame["kind"].mask(rng.random(500) < 0.3, pd.Series(rng.choice(list("abcd"), 500)))
    noisy = rows_of(frame.assign(kind=wrong), class_use_case(feasibility={"noise": 0.02}))
    check, sheet, _ = check_label_noise(noisy)
    assert check is not None
    assert sheet is not None
    assert check.verdict is Verdict.UNKNOWN
    assert check.estimate == pytest.approx(0.225, abs=0.08)
    assert len(sheet.rows) == 10


def over_time(frame: pd.DataFrame) -> list[Check]:
    data = rows_of(frame, class_use_case(data={"time": "year"}))
    periods, _ = find_periods(data)
    assert periods is not None
    checks, _ = check_stationarity(data, periods, tuple(f"The share of {c}" for c in "abcd"))
    return checks[:2]


def test_later_rows_that_mean_another_thing_fail_and_a_moved_share_is_named() -> None:
    frame = made_classes(800, strength=4).assign(year=np.arange(800) // 100)
    steady, _ = over_time(frame)
    assert steady.verdict is Verdict.PASS
    late = frame["year"] >= 6
    turned = frame["kind"].where(~late, frame["kind"].map({"a": "b", "b": "a", "c": "d", "d": "c"}))
    assert over_time(frame.assign(kind=turned))[0].verdict is Verdict.FAIL
    _, moved = over_time(frame.assign(kind=frame["kind"].mask(late & (frame["kind"] == "a"), "b")))
    assert moved.verdict is Verdict.CAUTION
    assert "The share of" in moved.why


def test_what_an_area_explains_and_back() -> None:
    rng = np.random.default_rng(0)
    own = rng.random(200_000) < 0.2
    score = rng.normal(size=200_000) + own  # ROC AUC .760
    assert explained_share(0.7602, 0.2) == pytest.approx(
        np.corrcoef(own, score)[0, 1] ** 2, abs=3e-3
    )
    assert area_of_share(explained_share(0.7, 0.1), 0.1) == pytest.approx(0.7)


def test_a_class_of_one_row_is_told_in_the_singular() -> None:
    frame = made_classes(300, strength=1.5)
    rare = frame.index[frame["kind"] == "a"][1:]
    check = only(judged(frame.drop(index=rare), class_use_case()), "sample_size")
    assert check.why.startswith("a has 1 row; feasibility.events asks for")
