"""The performance gate of several classes: what it says of good, bad and odd answers."""

import json

import numpy as np
import pandas as pd
import pytest

from assay.config.data import Target
from assay.config.gates import Performance
from assay.errors import ConfigError, DataError
from assay.gates.report import Verdict
from assay.problems.multiclass import comparisons
from assay.problems.multiclass.answers import read_answers, read_truth
from assay.problems.multiclass.performance import judge_performance

CLASSES = ("none", "minor", "serious", "killed")
TARGET = Target(column="severity", classes=CLASSES, ordered=True)
TRAINED = {"shares": {"none": 0.4, "minor": 0.3, "serious": 0.2, "killed": 0.1}, "rows": 9000}
BY_LOG_LOSS = Performance(choose_by="log_loss")


def made(rows=1500, seed=0, noise=0.0, sharpen=1.0):
    """Answers that know the probabilities which the truth was drawn from, but for some noise."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=(rows, 4)) * 1.3 + np.array([0.8, 0.4, 0.0, -0.3])
    p = np.exp(signal) / np.exp(signal).sum(axis=1, keepdims=True)
    truth = (rng.random((rows, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(0, 3)
    guess = np.exp(sharpen * (signal + noise * rng.normal(size=signal.shape)))
    return frame(truth, guess / guess.sum(axis=1, keepdims=True))


def frame(truth, p, share=0.9):
    order = np.argsort(-p, axis=1)
    upto = np.take_along_axis(p, order, axis=1).cumsum(axis=1)
    inside = np.zeros(p.shape, bool)
    np.put_along_axis(inside, order, upto - np.take_along_axis(p, order, axis=1) < share, axis=1)
    return pd.DataFrame(
        {
            "row": np.arange(len(truth)),
            "truth": np.array(CLASSES)[truth],
            "decision": np.array(CLASSES)[p.argmax(axis=1)],
            **{f"probability_{name}": p[:, k] for k, name in enumerate(CLASSES)},
            "set": ["|".join(np.array(CLASSES)[held]) for held in inside],
        }
    )


def judged(answers, performance=BY_LOG_LOSS, target=TARGET, trained=TRAINED, **more):
    report = judge_performance(
        answers, performance, target, subject="m", training_outcomes=trained, **more
    )
    json.dumps(report.model_dump(mode="json"), allow_nan=False)
    return report


def check(report, name):
    return next(check for check in report.checks if check.name == name)


def cells(report, title):
    sheet = next(sheet for sheet in report.sheets if sheet.title == title)
    return {row[0]: dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows}


def test_a_good_model_passes_what_can_be_told():
    limits = {"log_loss": 1.4, "roc_auc_ovr": 0.6, "quadratic_kappa": 0.2}
    report = judged(made(4000), Performance(choose_by="log_loss", at_least=limits))
    assert report.verdict is Verdict.PASS, [c.finding for c in report.checks]
    assert {c.name for c in report.checks} >= {
        *("beats_dummy", "cheaper_than_trivial", "classes_in_training", "classes_decided"),
        *("calibration_error", "set_coverage", "set_coverage_by_class"),
        *(f"at_least[{name}]" for name in limits),
    }
    headline = [one.metric for one in report.measurements if one.headline]
    assert headline == ["log_loss"]
    assert check(report, "cheaper_than_trivial").claim.endswith("always deciding none")
    assert len(report.measurements_of("score")) == 11
    (dummy,) = report.measurements_of("dummy_score")
    score = next(one for one in report.measurements if one.headline)
    gain = check(report, "beats_dummy").estimate
    assert dummy.value - score.value == pytest.approx(gain)
    assert report.summary.startswith("Log loss")


@pytest.mark.parametrize(
    "metric",
    ["log_loss", "roc_auc_ovr", "accuracy", "balanced_accuracy", "macro_f1", "weighted_f1"],
)
def test_answers_without_any_signal_seldom_beat_the_dummy(metric):
    performance, answers, passed = Performance(choose_by=metric), made(600), 0
    who, rows = read_answers(answers, TARGET, "rows"), read_truth(answers, TARGET, "rows")
    shares = np.array(list(TRAINED["shares"].values()))
    costs = 1 - np.eye(4)
    dummy = {"dummy": comparisons.constant_answers(CLASSES, shares, costs, 600)}
    for seed in range(100):
        truth = np.random.default_rng(seed).permutation(rows)
        (found,) = comparisons.check_against_rivals(
            truth, who, dummy, performance, metric, costs=costs
        )
        passed += found.verdict is Verdict.PASS
    assert passed <= 6  # at 2.5 %, seven or more come once in seventy times


def test_the_dummy_knows_the_shares_of_training_and_what_costs_least():
    costly = Performance(choose_by="cost", cost_matrix={"killed": dict.fromkeys(CLASSES[:3], 50)})
    report = judged(made(), costly)
    answers = made()
    wrong = (answers["truth"] != "killed").mean()
    assert cells(report, "Scores")["cost"]["dummy"] == pytest.approx(wrong)
    shares = np.array([TRAINED["shares"][name] for name in answers["truth"]])
    plain = judged(answers)
    assert cells(plain, "Scores")["log_loss"]["dummy"] == pytest.approx(-np.log(shares).mean())
    assert cells(plain, "Scores")["roc_auc_ovr"]["dummy"] == 0.5


def test_the_champion_is_compared_on_the_same_rows_and_on_the_newest():
    own, champion = made(2000, noise=0.1), made(2000, noise=1.5)
    better = check(judged(own, champion=champion), "beats_champion")
    assert better.verdict is Verdict.PASS
    assert not better.hard
    worse = check(judged(champion, champion=own), "beats_champion")
    assert worse.verdict is Verdict.FAIL
    twelfth = check(judged(own, champion=champion, challenger_number=12), "beats_champion")
    assert twelfth.interval.low < better.interval.low
    assert "challenger 12" in twelfth.why
    newest = np.arange(2000) >= 1200
    recent = check(judged(own, champion=champion, newest_rows=newest), "beats_champion")
    assert recent.rows == 800
    assert "since" in recent.claim
    none = judged(own, champion=champion, newest_rows=np.zeros(2000, bool))
    assert check(none, "beats_champion").verdict is Verdict.UNKNOWN
    with pytest.raises(DataError, match="other rows"):
        judged(own, champion=champion.iloc[::-1])


def test_probabilities_that_are_too_sure_of_one_class_are_named():
    answers = made(4000)
    p = answers[[f"probability_{name}" for name in CLASSES]].to_numpy()
    p = p * np.array([1, 1, 1, 6.0])
    report = judged(
        frame(answers["truth"].map(CLASSES.index).to_numpy(), p / p.sum(1, keepdims=True))
    )
    found = check(report, "calibration_error")
    assert found.verdict is Verdict.FAIL
    assert not found.hard
    assert "killed" in found.why
    assert check(judged(answers), "calibration_error").verdict is Verdict.PASS


def test_sets_that_miss_a_class_are_named_though_all_rows_are_covered():
    answers = made(4000)
    assert check(judged(answers), "set_coverage").verdict is Verdict.PASS
    rare = answers["truth"] == "killed"
    answers.loc[rare, "set"] = np.where(np.arange(rare.sum()) % 2, "killed", "none")
    answers.loc[~rare, "set"] = "|".join(CLASSES)
    serious = answers["truth"] == "serious"
    answers.loc[serious, "set"] = np.where(np.arange(serious.sum()) % 4, "serious", "none")
    report = judged(answers)
    found = check(report, "set_coverage_by_class")
    assert check(report, "set_coverage").verdict is Verdict.PASS
    assert found.verdict is Verdict.FAIL
    assert found.estimate == pytest.approx(0.5, abs=0.01)
    assert "outcomes killed" in found.why
    assert "too few also of serious" in found.why
    assert cells(report, "Sets of classes")["none"]["mean size"] == 4
    answers["set"] = answers["decision"]
    short = check(judged(answers), "set_coverage")
    assert short.verdict is Verdict.FAIL
    assert short.hard


def test_a_class_that_is_never_decided_is_named_with_the_line_to_add():
    answers = made(2000)
    answers["decision"] = answers["decision"].replace("killed", "serious")
    found = check(judged(answers), "classes_decided")
    assert found.verdict is Verdict.FAIL
    assert not found.hard
    assert found.estimate == 0
    assert found.why.startswith("The class killed is never decided and true of ")
    assert found.why.endswith("test rows; its recall is 0.000")
    assert "cost_matrix: {killed: {none: " in found.remedy
    assert check(judged(made(2000)), "classes_decided").verdict is Verdict.PASS


def test_a_rare_class_asks_for_declared_costs():
    answers = made(3000)
    keep = (answers["truth"] != "killed") | (np.arange(3000) % 8 == 0)
    rare = answers[keep].reset_index(drop=True)
    assert check(judged(rare), "cost_declared").verdict is Verdict.FAIL
    declared = Performance(choose_by="log_loss", cost_matrix={"killed": {"none": 9}})
    assert check(judged(rare, declared), "cost_declared").verdict is Verdict.PASS
    assert not any(c.name == "cost_declared" for c in judged(answers).checks)


def test_a_class_that_training_never_held_fails_by_name():
    trained = {"shares": {"none": 0.5, "minor": 0.3, "serious": 0.2}, "rows": 100}
    report = judged(made(), trained=trained)
    assert report.verdict is Verdict.FAIL
    assert "never held killed" in check(report, "classes_in_training").why


def test_three_rows_of_a_class_leave_its_scores_unknown():
    answers = made(1500)
    keep = (answers["truth"] != "killed") | ((answers["truth"] == "killed").cumsum() <= 3)
    few = answers[keep].reset_index(drop=True)
    report = judged(few, Performance(choose_by="roc_auc_ovr", at_least={"macro_f1": 0.1}))
    for name in ("beats_dummy", "at_least[macro_f1]", "calibration_error", "set_coverage_by_class"):
        assert check(report, name).verdict is Verdict.UNKNOWN, name
    assert "killed has 3" in check(report, "beats_dummy").remedy
    assert cells(report, "Scores")["macro_f1"]["low"] is None


def test_one_class_alone_is_unknown_and_holds_no_nan():
    answers = made(600)
    one = answers[answers["truth"] == "none"].reset_index(drop=True)
    report = judged(one, Performance(choose_by="roc_auc_ovr"))
    assert check(report, "beats_dummy").verdict is Verdict.UNKNOWN
    assert judged(answers.iloc[:1]).verdict is not Verdict.PASS


def test_kappa_is_refused_where_classes_have_no_order():
    plain = Target(column="severity", classes=CLASSES)
    with pytest.raises(ConfigError, match="order of these classes") as refused:
        judged(made(100), Performance(choose_by="quadratic_kappa"), plain)
    assert "ordered: true" in refused.value.remedy
    assert "quadratic_kappa" not in cells(judged(made(200), target=plain), "Scores")
    with pytest.raises(ConfigError, match="no score of several classes"):
        judged(made(100), Performance(choose_by="roc_auc"))


def test_answers_that_are_none_are_refused_in_a_sentence():
    answers = made(50)
    with pytest.raises(DataError, match="do not sum to one"):
        judged(answers.assign(probability_none=answers["probability_none"] / 2))
    with pytest.raises(DataError, match="outside 0 to 1"):
        judged(answers.assign(probability_none=-0.1))
    with pytest.raises(DataError, match="no such class"):
        judged(answers.assign(truth="kiled"))
    with pytest.raises(DataError, match="nulls"):
        judged(answers.assign(decision=None))
    with pytest.raises(DataError, match="not declared"):
        judged(answers.assign(set="none|other"))
    with pytest.raises(DataError, match="no column 'probability_minor'"):
        judged(answers.drop(columns="probability_minor"))
    with pytest.raises(DataError, match="no test rows"):
        judged(answers.iloc[:0])


def test_rows_of_one_person_widen_every_interval_and_few_people_are_unknown():
    answers = made(200)
    ten = np.repeat(np.arange(200), 10)
    many = answers.iloc[ten].reset_index(drop=True)
    report = judged(many, units=pd.Series(ten, name="person"))
    found = check(report, "independence")
    assert found.estimate == pytest.approx(np.sqrt(10), rel=0.01)
    alone, clustered = (cells(r, "Scores")["log_loss"] for r in (judged(answers), report))
    assert clustered["low"] == pytest.approx(alone["low"], abs=0.01)
    few = judged(many, units=pd.Series(ten % 5, name="person"))
    assert check(few, "beats_dummy").verdict is Verdict.UNKNOWN
    assert "person" in check(few, "beats_dummy").remedy


def test_a_planted_weak_slice_is_found():
    answers = made(3000)
    rng = np.random.default_rng(5)
    features = pd.DataFrame({"town": rng.choice(list("abc"), 3000), "age": rng.normal(size=3000)})
    harmed = (features["town"] == "b").to_numpy()
    answers.loc[harmed, "truth"] = rng.choice(CLASSES, harmed.sum())
    found = check(judged(answers, features=features), "slices_as_promised")
    assert found.verdict is Verdict.FAIL
    assert "town=b" in found.group


def test_the_order_of_rows_and_the_names_of_classes_change_nothing():
    answers = made(800)
    order = np.random.default_rng(2).permutation(800)
    before, after = judged(answers), judged(answers.iloc[order])
    for one, other in zip(before.measurements, after.measurements, strict=True):
        assert other.value == pytest.approx(one.value)
    names = dict(zip(CLASSES, "wxyz", strict=True))
    renamed = answers.rename(
        columns={f"probability_{k}": f"probability_{v}" for k, v in names.items()}
    )
    for column in ("truth", "decision"):
        renamed[column] = renamed[column].map(names)
    renamed["set"] = ["|".join(names[c] for c in text.split("|")) for text in answers["set"]]
    trained = {"shares": {names[k]: v for k, v in TRAINED["shares"].items()}}
    target = Target(column="severity", classes=tuple("wxyz"), ordered=True)
    other = judged(renamed, target=target, trained=trained)
    assert other.measurements == before.measurements
    assert [c.verdict for c in other.checks] == [c.verdict for c in before.checks]


def test_three_hundred_classes_are_judged_without_a_sheet_that_nobody_can_read():
    names = tuple(f"c{k}" for k in range(300))
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(300), 900)
    found = pd.DataFrame(
        {
            "row": np.arange(900),
            "truth": rng.choice(names, 900),
            "decision": np.array(names)[p.argmax(1)],
            **{f"probability_{n}": p[:, k] for k, n in enumerate(names)},
        }
    )
    trained = {"shares": dict.fromkeys(names, 1 / 300), "rows": 900}
    report = judged(found, target=Target(column="c", classes=names), trained=trained)
    assert check(report, "calibration_error").verdict is Verdict.UNKNOWN
    assert max(len(sheet.columns) for sheet in report.sheets) < 30
    assert "no sets" in " ".join(report.notes)
