"""The fairness gate of amounts, beside Fairlearn's MetricFrame and known populations."""

import json

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import MetricFrame, mean_prediction
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from assay.config.data import Sensitive, Target
from assay.config.gates import FairnessRule
from assay.errors import DataError
from assay.gates.fairness.gate import judge_limits
from assay.gates.report import Verdict
from assay.gates.statistics.cluster_errors import find_clusters
from assay.problems.regression.fairness import audit_fairness
from assay.problems.regression.group_measures import (
    GroupAnswers,
    amount_measures,
    divide_answers,
)

TARGET = Target(column="earnings", unit="dollars an hour")
BOTH = {"gender": Sensitive(), "region": Sensitive()}
METRICS = (
    "mean_error",
    "mean_absolute_error",
    "root_mean_squared_error",
    "mean_prediction",
    "interval_coverage",
)


def made(rows=3000, seed=0, low=0.0, noise=1.0):
    """Answers whose errors have standard deviation 2, but that women are estimated `low` by so
    much, and their errors are `noise` times as large.
    """
    rng = np.random.default_rng(seed)
    gender = rng.choice(["female", "male"], rows, p=[0.45, 0.55])
    women = gender == "female"
    prediction = rng.normal(20, 4, rows)
    error = rng.normal(0, 2, rows) * np.where(women, noise, 1) - np.where(women, low, 0)
    return pd.DataFrame(
        {
            "truth": prediction - error,
            "prediction": prediction,
            "low": prediction - 3.29,
            "high": prediction + 3.29,
            "gender": gender,
            "region": rng.choice(["east", "west"], rows),
        }
    )


def rule(metric, by=("gender",), **limit):
    limit = limit or {"tolerance": 0.5}
    return FairnessRule(metric=metric, by=by, because="the board", **limit)


def audit(answers, *rules, sensitive=None, **kwargs):
    declared = {"gender": Sensitive()} if sensitive is None else sensitive
    return audit_fairness(answers, rules, declared, TARGET, subject="model", **kwargs)


def checks(report):
    return {check.name: check for check in report.checks}


def test_every_metric_by_every_division_is_that_of_a_metric_frame():
    answers = made(500, low=1, noise=2)
    frame = MetricFrame(
        metrics={
            "mean_error": lambda y, p: float((p - y).mean()),
            "mean_absolute_error": mean_absolute_error,
            "root_mean_squared_error": root_mean_squared_error,
            "mean_prediction": mean_prediction,
            "interval_coverage": lambda y, p: float((abs(p - y) <= 3.29).mean()),
        },
        y_true=answers["truth"],
        y_pred=answers["prediction"],
        sensitive_features=answers[["gender", "region"]],
    )
    report = audit(answers, sensitive=BOTH)
    sheets = {sheet.title: sheet for sheet in report.sheets}
    found = {(m, g): v for m, g, _, v, *_ in sheets["All metrics by gender & region"].rows}
    assert len(found) == 20
    for (gender, region), expected in frame.by_group.iterrows():
        for metric in METRICS:
            assert found[metric, f"{gender} & {region}"] == pytest.approx(expected[metric])
    extremes = sheets["Fairlearn's summaries by gender & region"].rows
    for metric, largest, _, smallest, _, difference, ratio in extremes:
        assert largest == pytest.approx(frame.group_max()[metric])
        assert smallest == pytest.approx(frame.group_min()[metric])
        assert difference == pytest.approx(frame.difference()[metric])
        if metric != "mean_error":
            assert ratio == pytest.approx(frame.ratio()[metric])


def test_who_is_estimated_too_low_is_said_and_fails():
    report = audit(made(low=2), rule("mean_error"))
    assert report.verdict is Verdict.FAIL
    check = checks(report)["mean_error[gender=female]"]
    assert check.group == "gender=female"
    assert check.estimate == pytest.approx(-2, abs=0.3)
    assert "too low on average" in check.why
    assert "gender=female is estimated" in check.why
    assert "gender=male is estimated" not in check.why
    assert "within 0.5 dollars an hour of" in check.claim
    [one] = report.measurements
    assert (one.kind, one.metric, one.limit, one.group) == (
        "difference",
        "mean_error",
        0.5,
        "gender=female",
    )
    high = audit(made(low=-2), rule("mean_error"))
    assert "gender=female is estimated" in checks(high)["mean_error[gender=female]"].why
    assert "too high on average" in checks(high)["mean_error[gender=female]"].why


def test_groups_that_are_treated_alike_pass_by_every_metric():
    rules = [rule(metric) for metric in METRICS[:4]]
    rules += [rule("interval_coverage", tolerance=0.1), rule("mean_absolute_error", ratio=0.8)]
    report = audit(made(4000), *rules)
    assert report.verdict is Verdict.PASS
    assert len(report.checks) == 6
    assert "too low" not in checks(report)["mean_error[gender=female]"].why
    json.loads(report.model_dump_json())


@pytest.mark.parametrize(
    ("metric", "limit", "estimate"),
    [
        ("mean_absolute_error", {"ratio": 0.8}, 2.0),
        ("root_mean_squared_error", {"ratio": 0.8}, 2.0),
        ("root_mean_squared_error", {"tolerance": 1.0}, 2.0),
        ("interval_coverage", {"tolerance": 0.1}, 0.589 - 0.9),
    ],
)
def test_larger_errors_of_a_group_fail(metric, limit, estimate):
    check = checks(audit(made(noise=2), rule(metric, **limit)))[f"{metric}[gender=female]"]
    assert check.verdict is Verdict.FAIL
    assert check.estimate == pytest.approx(estimate, rel=0.1)
    assert check.interval.low < estimate < check.interval.high


def divide(answers, by=("gender",), units=None):
    measures = amount_measures("dollars an hour", negative_predictions=False)
    error = (answers["prediction"] - answers["truth"]).to_numpy()
    covered = (np.abs(error) <= 3.29).astype(float)
    clusters = None if units is None else find_clusters(units, "person")
    held = GroupAnswers(answers["prediction"].to_numpy(), error, covered, answers, clusters)
    return divide_answers(held, by, BOTH, measures)


TRUE_GAPS = {
    "mean_error": -1.0,
    # |N(-1, 2)| has mean 2 sqrt(2/pi) exp(-1/8) + 1 - 2 Phi(-1/2); |N(0, 2)| 2 sqrt(2/pi).
    "mean_absolute_error": 1.7911 - 1.5958,
    "root_mean_squared_error": 5**0.5 - 2,
    "mean_prediction": 0.0,
    "interval_coverage": 0.8577 - 0.9,
}


@pytest.mark.parametrize("clustered", [False, True])
def test_intervals_of_gaps_hold_the_true_gap_as_often_as_they_say(clustered):
    hits = dict.fromkeys(METRICS, 0)
    for seed in range(150):
        answers, units = made(600, seed=seed, low=1.0), None
        if clustered:
            answers = pd.concat([answers.iloc[:200]] * 3, ignore_index=True)
            units = np.tile(np.arange(200), 3)
        division = divide(answers, units=units)
        other = 1 - division.groups.index(division.reference)
        sign = 1 if division.groups[other] == "female" else -1
        for metric in METRICS:
            low, high = (side[other] for side in division.gap_limits(metric, ratio=False))
            hits[metric] += low <= sign * TRUE_GAPS[metric] <= high
    shares = {metric: hit / 150 for metric, hit in hits.items()}
    assert min(shares.values()) >= 0.88, shares  # four standard errors of 150 draws are .07
    assert max(shares.values()) <= 0.995, shares


def test_the_family_keeps_its_level_whatever_the_number_of_pairs():
    rules = [rule(m, by=("gender", ("gender", "region")), tolerance=0.001) for m in METRICS[:4]]
    failed = 0
    for seed in range(60):
        answers = made(400, seed=seed)
        divisions = {by: divide(answers, by) for by in (("gender",), ("gender", "region"))}
        verdicts = [v.verdict for limit in judge_limits(rules, divisions) for v in limit.verdicts]
        assert len(verdicts) == 16
        failed += Verdict.FAIL in verdicts
    assert failed <= 9  # binomial(60, .07) is above once in 100 times


def test_groups_too_small_to_judge_are_unknown_and_rows_that_would_tell_are_said():
    answers = made(300)
    answers.loc[:7, "gender"] = "other"
    answers["truth"] += np.where(answers["gender"] == "other", 50, 0)
    found = checks(audit(answers, rule("mean_error")))
    assert found["mean_error[gender=other]"].verdict is Verdict.UNKNOWN
    assert "fewer than 10 rows" in found["mean_error[gender=other]"].why
    check = checks(audit(answers, rule("mean_error", tolerance=0.3)))["mean_error[gender=female]"]
    assert check.verdict is Verdict.UNKNOWN
    assert "rows in female and 870 in male would tell" in check.remedy


def test_rmse_that_a_few_rows_decide_is_unknown():
    answers = made(2000)
    answers["truth"] = answers["prediction"] + np.random.default_rng(3).standard_t(2, 2000)
    report = audit(answers, rule("root_mean_squared_error"), rule("mean_error", tolerance=2.0))
    check = checks(report)["root_mean_squared_error[gender=female]"]
    assert check.verdict is Verdict.UNKNOWN
    assert (check.interval.low, check.interval.high) == (None, None)
    assert "mean_absolute_error" in check.remedy
    assert any("RMSE has no interval" in note for note in report.notes)
    assert checks(report)["mean_error[gender=female]"].verdict is Verdict.PASS


def test_without_intervals_their_coverage_is_unknown():
    answers = made().drop(columns=["low", "high"])
    report = audit(answers, rule("interval_coverage"), rule("mean_error"))
    check = checks(report)["interval_coverage[gender]"]
    assert check.verdict is Verdict.UNKNOWN
    assert "hold no intervals" in check.why
    assert checks(report)["mean_error[gender=female]"].verdict is Verdict.PASS


def test_units_that_err_together_widen_intervals_and_too_few_are_unknown():
    answers = pd.concat([made(300)] * 4, ignore_index=True)
    units = pd.Series(np.tile(np.arange(300), 4), name="household")
    asked = rule("mean_error", tolerance=10.0)
    alone, together = (
        checks(audit(answers, asked, units=of))["mean_error[gender=female]"].interval
        for of in (None, units)
    )
    assert together.high - together.low == pytest.approx(2 * (alone.high - alone.low), rel=0.05)
    few = checks(audit(answers, asked, units=pd.Series(np.arange(1200) % 6, name="household")))
    assert few["mean_error[gender=female]"].verdict is Verdict.UNKNOWN
    assert "household" in few["mean_error[gender=female]"].remedy


def test_neither_order_nor_unit_nor_names_change_a_verdict():
    answers = made(900, low=0.6, noise=1.3)
    rules = [rule(metric) for metric in METRICS]
    once = [c.verdict for c in audit(answers, *rules).checks]
    assert len(set(once)) > 1
    order = np.random.default_rng(1).permutation(900)
    amounts = ["truth", "prediction", "low", "high"]
    scaled = answers.assign(**{name: 100 * answers[name] for name in amounts})
    wide = [rule(m, tolerance=50.0) for m in METRICS[:4]] + [rule("interval_coverage")]
    renamed = answers.assign(gender=answers["gender"].map({"female": "b", "male": "a"}))
    for other, asked in (
        (answers.iloc[order].reset_index(drop=True), rules),
        (scaled, wide),
        (renamed, rules),
    ):
        assert [c.verdict for c in audit(other, *asked).checks] == once


def test_the_reference_is_declared_or_the_largest():
    answers = made(400)
    declared = {"gender": Sensitive(reference="female")}
    assert "mean_error[gender=female]" in checks(audit(answers, rule("mean_error")))
    found = checks(audit(answers, rule("mean_error"), sensitive=declared))
    assert "mean_error[gender=male]" in found
    with pytest.raises(DataError, match="does not exist"):
        audit(answers, sensitive={"gender": Sensitive(reference="nobody")})


def test_without_rules_nothing_is_judged_and_one_group_is_unknown():
    assert audit(made(200)).verdict is Verdict.CAUTION
    assert "Not judged" in audit(made(200)).summary
    one = audit(made(200).assign(gender="female"), rule("mean_error"))
    assert one.verdict is Verdict.UNKNOWN


def test_what_cannot_be_compared_is_refused():
    answers = made(200)
    with pytest.raises(DataError, match="no fairness metric of amounts"):
        audit(answers, rule("selection_rate"))
    with pytest.raises(DataError, match="have no ratio"):
        audit(
            answers.assign(prediction=answers["prediction"] - 25),
            rule("mean_prediction", ratio=0.8),
        )
    with pytest.raises(DataError, match="no column 'gender'"):
        audit(answers.drop(columns="gender"))
    with pytest.raises(DataError, match="no finite numbers"):
        audit(answers.assign(truth=np.nan))
    with pytest.raises(DataError, match="no predictions"):
        audit(answers.iloc[:0])
    with pytest.raises(DataError, match="no sensitive column"):
        audit(answers, rule("mean_error", by=("town",)))


def test_no_remedy_names_a_mitigation_that_there_is_not():
    report = audit_fairness(
        made(low=2.0), [rule("mean_error")], {"gender": Sensitive()}, TARGET, subject="m"
    )
    (check,) = (one for one in report.checks if one.verdict is Verdict.FAIL)
    assert check.remedy.startswith("Try other candidates or features")
    assert "the board" in check.remedy
