"""The performance gate of amounts: what it passes, fails, cautions of and cannot tell."""

import json

import numpy as np
import pandas as pd
import pytest

from assay.config.data import Target
from assay.config.gates import Performance, Slices, UnitCost
from assay.errors import DataError
from assay.gates.report import Verdict
from assay.problems.regression.performance import METRICS, judge_performance

TARGET = Target(column="earnings", unit="dollars an hour")
OUTCOMES = {"mean": 20.0, "median": 20.0, "quantile": 20.0, "rows": 10_000}


def made(rows=2000, seed=0, noise=2.0, width=3.29):
    """Answers whose intervals of 90 % hold what they say, for errors of standard deviation 2."""
    rng = np.random.default_rng(seed)
    prediction = rng.normal(20, 4, rows)
    return pd.DataFrame(
        {
            "row": np.arange(rows),
            "truth": prediction + rng.normal(0, noise, rows),
            "prediction": prediction,
            "low": prediction - width,
            "high": prediction + width,
            "gender": rng.choice(["female", "male"], rows),
        }
    )


def judge(answers, choose_by="mae", **kwargs):
    settings = {
        name: kwargs.pop(name)
        for name in ("at_least", "beat", "unit_cost", "coverage", "slices", "calibration_error")
        if name in kwargs
    }
    given = {"subject": "model", "training_outcomes": OUTCOMES} | kwargs
    return judge_performance(answers, Performance(choose_by=choose_by, **settings), TARGET, **given)


def checks(report):
    return {check.name: check for check in report.checks}


@pytest.mark.parametrize("metric", METRICS)
def test_a_good_model_passes_by_whatever_metric_it_is_chosen(metric):
    answers = made()
    found = judge(answers, metric, training_outcomes=OUTCOMES | {"mean": 25.0})
    assert found.verdict is Verdict.PASS
    [headline] = [one for one in found.measurements if one.headline]
    assert headline.metric == metric
    assert headline.kind == "score"
    assert {one.metric for one in found.measurements} == set(METRICS)
    json.loads(found.model_dump_json())  # no NaN, no infinity


def test_scores_are_told_in_the_unit_of_the_target():
    found = judge(made(), at_least={"mae": 1.0, "r2": 0.5})
    assert "MAE is 1.608 dollars an hour (between" in found.summary
    assert "R2 is 0.7986 (between" in found.summary
    limit = checks(found)["at_least[mae]"]
    assert limit.verdict is Verdict.FAIL
    assert limit.claim == "MAE is at most 1 dollars an hour"
    assert checks(found)["at_least[r2]"].verdict is Verdict.PASS
    assert "dollars" not in checks(found)["at_least[r2]"].why
    [scores] = [sheet for sheet in found.sheets if sheet.title == "Scores"]
    assert scores.columns == ("score", "unit", "model", "low", "high", "dummy")


def test_a_constant_model_fails_even_where_it_beats_the_dummy():
    answers = made().assign(prediction=20.0)
    found = judge(answers, training_outcomes=OUTCOMES | {"median": 30.0})
    assert checks(found)["beats_dummy"].verdict is Verdict.PASS
    assert checks(found)["predictions_vary"].verdict is Verdict.FAIL
    assert found.verdict is Verdict.FAIL
    assert "20.00 dollars an hour for each of the 2,000" in checks(found)["predictions_vary"].why


@pytest.mark.parametrize(
    ("metric", "best", "others"),
    [
        ("mae", "median", ("mean", "quantile")),
        ("rmse", "mean", ("median", "quantile")),
        ("r2", "mean", ("median", "quantile")),
        ("cost", "quantile", ("mean", "median")),
        ("pinball_loss", "quantile", ("mean", "median")),
    ],
)
def test_the_dummy_predicts_the_constant_that_is_best_by_the_metric(metric, best, others):
    answers = made()
    far = OUTCOMES | dict.fromkeys(others, 1000.0)
    near = checks(judge(answers, metric, training_outcomes=far))["beats_dummy"]
    away = checks(judge(answers, metric, training_outcomes=OUTCOMES | {best: 1000.0}))
    assert near.estimate < away["beats_dummy"].estimate
    rival = answers.assign(prediction=answers["truth"].sample(frac=1, random_state=1).to_numpy())
    assert checks(judge(rival, metric))["beats_dummy"].verdict is Verdict.FAIL


def test_the_champion_is_compared_on_the_rows_that_came_since():
    answers = made()
    rng = np.random.default_rng(1)
    newest = np.arange(2000) >= 1500
    # The champion is perfect on old rows, and hopeless on new ones.
    champion = answers.assign(
        prediction=np.where(newest, rng.normal(20, 4, 2000), answers["truth"])
    )
    every = checks(judge(answers, champion=champion))["beats_champion"]
    since = checks(judge(answers, champion=champion, newest_rows=newest))["beats_champion"]
    assert every.verdict is Verdict.FAIL
    assert not every.hard
    assert since.verdict is Verdict.PASS
    assert "500 test rows that came since" in since.claim
    few = checks(judge(answers, champion=champion, newest_rows=np.arange(2000) >= 1990))
    assert few["beats_champion"].verdict is Verdict.UNKNOWN
    with pytest.raises(DataError, match="other rows"):
        judge(answers, champion=champion.iloc[::-1])
    asked = judge(answers, champion=champion, beat={"champion": 0.0})
    assert checks(asked)["beats_champion"].hard


def test_later_challengers_must_be_surer():
    answers = made()
    rival = answers.assign(
        prediction=answers["prediction"] + np.random.default_rng(2).normal(size=2000)
    )
    widths = []
    for number in (1, 9):
        held = checks(judge(answers, champion=rival, challenger_number=number))["beats_champion"]
        widths.append(held.interval.high - held.interval.low)
    assert widths[1] > 1.5 * widths[0]


def test_a_mean_error_is_limited_either_way():
    for shift in (-1, 1):
        answers = made()
        moved = answers.assign(prediction=answers["prediction"] + shift)
        found = checks(judge(moved, at_least={"mean_error": 0.5}))
        assert found["at_least[mean_error]"].verdict is Verdict.FAIL
        assert checks(judge(moved, at_least={"mean_error": 1.5}))[
            "at_least[mean_error]"
        ].verdict is (Verdict.PASS)
        assert found["unbiased"].verdict is Verdict.FAIL
        assert not found["unbiased"].hard
        assert f"too {'low' if shift < 0 else 'high'} on average" in found["unbiased"].why


def test_an_error_that_chance_may_give_is_not_called_a_bias():
    found = checks(judge(made(rows=200)))["unbiased"]
    assert found.interval.low < 0 < found.interval.high
    assert "no bias can be told from chance" in found.why
    assert "on average" not in found.why


def test_a_bias_of_the_large_alone_is_seen_by_predicted_size():
    answers = made(4000)
    x = answers["prediction"]
    bent = answers.assign(prediction=20 + 1.5 * (x - 20))  # too extreme, right on average
    found = checks(judge(bent))
    assert found["unbiased"].verdict is Verdict.PASS
    assert found["calibration_by_size"].verdict is Verdict.FAIL
    # The root mean square of what is added, but for the differences within tenths.
    assert found["calibration_by_size"].estimate == pytest.approx(2.0, rel=0.1)
    assert checks(judge(answers))["calibration_by_size"].verdict is Verdict.PASS


def test_a_quantile_is_judged_by_the_share_of_outcomes_below_it():
    cost = UnitCost(too_low=9, too_high=1)
    answers = made()
    quantile = answers.assign(prediction=answers["prediction"] + 2 * 1.2816)
    found = checks(judge(quantile, "cost", unit_cost=cost))
    assert found["unbiased"].verdict is Verdict.PASS
    assert "0.9" in found["unbiased"].claim
    assert checks(judge(answers, "cost", unit_cost=cost))["unbiased"].verdict is Verdict.FAIL


@pytest.mark.parametrize("cost", [UnitCost(too_low=1, too_high=1000), UnitCost(too_low=1000)])
def test_a_quantile_beyond_all_outcomes_cannot_be_told(cost):
    answers = made()
    beyond = answers["prediction"] + (100 if cost.quantile > 0.5 else -100)
    report = judge(answers.assign(prediction=beyond, low=-200, high=200), "cost", unit_cost=cost)
    found = checks(report)
    assert found["calibration_by_size"].verdict is Verdict.UNKNOWN
    assert found["unbiased"].interval is None or found["unbiased"].interval.low is None
    assert not [c.why for c in found.values() if "-0.000 of the outcomes" in c.why]


def test_a_difference_by_size_is_told_as_one_beyond_chance():
    assert "dollars an hour beyond chance" in checks(judge(made()))["calibration_by_size"].why


def test_intervals_that_hold_too_little_fail_and_too_few_rows_cannot_tell():
    narrow = checks(judge(made(width=2.0)))["interval_coverage"]
    assert narrow.verdict is Verdict.FAIL
    assert narrow.hard
    assert narrow.estimate == pytest.approx(0.683, abs=0.03)
    assert checks(judge(made(rows=60)))["interval_coverage"].verdict is Verdict.UNKNOWN
    assert checks(judge(made(width=2.0), coverage=0.7))["interval_coverage"].verdict is Verdict.PASS


def test_the_group_and_the_size_that_intervals_hold_least_are_named():
    answers = made()
    rng = np.random.default_rng(3)
    male = answers["gender"] == "male"
    answers["truth"] += np.where(male, rng.normal(0, 3, 2000), 0)
    by_group = checks(judge(answers))["coverage_by_group"]
    assert by_group.verdict is Verdict.FAIL
    assert not by_group.hard
    assert by_group.group == "gender=male"
    assert f"{by_group.estimate:.1%} of the outcomes of gender=male" in by_group.why
    answers = made()
    large = answers["prediction"] > answers["prediction"].quantile(0.9)
    answers["truth"] += np.where(large, rng.normal(0, 4, 2000), 0)
    by_size = checks(judge(answers))["coverage_by_size"]
    assert by_size.verdict is Verdict.FAIL
    assert checks(judge(answers))["coverage_by_group"].verdict is Verdict.PASS
    assert by_size.rows == 200


def test_right_intervals_are_seldom_called_too_narrow_for_a_part():
    alarms = 0
    for seed in range(25):
        found = checks(judge(made(rows=800, seed=seed), calibration_error=0.001))
        alarms += found["coverage_by_size"].verdict is Verdict.FAIL
        alarms += found["coverage_by_group"].verdict is Verdict.FAIL
    assert alarms <= 7  # of 50 tests at 5 %: above once in 300 times


def test_a_slice_with_larger_errors_is_named():
    answers = made(3000)
    rng = np.random.default_rng(4)
    town = rng.choice(["x", "y", "z"], 3000, p=[0.2, 0.4, 0.4])
    answers["truth"] += np.where(town == "x", rng.normal(0, 5, 3000), 0)
    features = pd.DataFrame({"town": town, "age": rng.integers(20, 60, 3000)})
    for metric in ("mae", "rmse"):
        found = judge(
            answers, metric, features=features, slices=Slices(beyond_others=0.1, rows=100)
        )
        for name in ("slices_as_promised", "slices_as_others"):
            assert checks(found)[name].verdict is Verdict.FAIL
            assert "town=x" in checks(found)[name].group
    wide = np.where(town == "x", 2.7, 1.0) * 3.29
    honest = answers.assign(low=answers["prediction"] - wide, high=answers["prediction"] + wide)
    found = checks(judge(honest, features=features, slices=Slices(beyond_others=0.1)))
    assert found["slices_as_promised"].verdict is Verdict.PASS
    assert found["slices_as_others"].verdict is Verdict.FAIL


def test_heavy_tails_are_unknown_by_rmse_and_say_so_and_can_be_judged_by_mae():
    answers = made()
    answers["truth"] = answers["prediction"] + np.random.default_rng(5).standard_t(2, 2000)
    found = judge(answers, "rmse", at_least={"rmse": 3.0})
    for name in ("beats_dummy", "at_least[rmse]"):
        check = checks(found)[name]
        assert check.verdict is Verdict.UNKNOWN
        assert "largest 1 % of errors carry" in check.remedy
        assert "MAE" in check.remedy
        assert check.interval.low is None
    assert any(note.startswith("RMSE has no interval") for note in found.notes)
    assert checks(judge(answers, "mae"))["beats_dummy"].verdict is Verdict.PASS


def test_a_few_rows_or_units_are_unknown_whatever_the_metric():
    for metric in METRICS:
        found = judge(made(rows=29), metric, at_least={metric: 1e6 if metric != "r2" else -9})
        assert found.verdict is Verdict.UNKNOWN
        judged = [c for c in found.checks if c.name != "predictions_vary"]
        assert {check.verdict for check in judged} == {Verdict.UNKNOWN}
    units = pd.Series(np.arange(2000) % 8, name="household")
    found = checks(judge(made(), units=units))
    assert found["beats_dummy"].verdict is Verdict.UNKNOWN
    assert "household" in found["independence"].remedy


def test_rows_of_one_unit_make_intervals_wider():
    answers = made(400)
    four = pd.concat([answers] * 4, ignore_index=True)
    units = pd.Series(np.tile(np.arange(400), 4), name="person")
    widths = [
        one.interval.high - one.interval.low
        for found in (judge(answers), judge(four, units=units), judge(four))
        for one in found.measurements_of("score")
        if one.metric == "mae"
    ]
    assert widths[1] == pytest.approx(widths[0], rel=0.02)
    assert widths[2] == pytest.approx(widths[0] / 2, rel=0.02)


def test_neither_the_order_of_rows_nor_the_unit_nor_the_names_of_groups_change_a_verdict():
    answers = made(800)
    order = np.random.default_rng(6).permutation(800)
    amounts = ["truth", "prediction", "low", "high"]
    outcomes = {name: 1000 * value for name, value in OUTCOMES.items()}
    scaled = answers.assign(**{name: 1000 * answers[name] for name in amounts})
    renamed = answers.assign(gender=answers["gender"].map({"female": "a", "male": "b"}))
    once = [c.verdict for c in judge(answers).checks if "slices" not in c.name]
    for other, known in (
        (answers.iloc[order].reset_index(drop=True), OUTCOMES),
        (scaled, outcomes),
        (renamed, OUTCOMES),
    ):
        found = judge(other, training_outcomes=known)
        assert [c.verdict for c in found.checks if "slices" not in c.name] == once


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"prediction": np.inf}, "no finite numbers"),
        ({"truth": None}, "no finite numbers"),
        ({"low": 99.0}, "low end lies above"),
        ({"truth": 7.0}, "the same earnings"),
        ({"prediction": "many"}, "no finite numbers"),
    ],
)
def test_what_cannot_be_judged_is_refused(change, match):
    with pytest.raises(DataError, match=match):
        judge(made(100).assign(**change))


def test_an_absent_column_is_named():
    with pytest.raises(DataError, match="'high'"):
        judge(made(100).drop(columns="high"))
    with pytest.raises(DataError, match="no test rows"):
        judge(made(100).iloc[:0])
