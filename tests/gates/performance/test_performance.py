"""The performance gate: scores with intervals that cover, and rivals on the same rows."""

import re

import numpy as np
import pandas as pd
import pytest

from assay.config.gates import LOWER_IS_BETTER, ErrorCosts, Performance
from assay.errors import DataError
from assay.gates.performance import average_precision, comparisons
from assay.gates.performance.calibration import (
    calibration_error,
    calibration_intercept,
    calibration_slope,
    expected_calibration_error,
    expected_over_observed,
)
from assay.gates.performance.gate import SCORES, judge_performance
from assay.gates.performance.point_scores import ModelPredictions, point_score
from assay.gates.performance.rival_checks import spent_level
from assay.gates.performance.scores import estimate_score, score_difference
from assay.gates.report import Verdict
from assay.gates.statistics.cluster_errors import find_clusters

COST = ErrorCosts(false_positive=3.0, false_negative=1.0)


def made(rows, seed=0, noise=0.3, threshold=0.5):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=rows)
    truth = rng.random(rows) < 1 / (1 + np.exp(1 - 2 * z))
    p = 1 / (1 + np.exp(1 - 2 * z - noise * rng.normal(size=rows)))
    columns = {"row": np.arange(rows), "truth": truth, "probability": p, "decision": p > threshold}
    return pd.DataFrame(columns)


def judged(rows, performance=None, **more):
    return judge_performance(
        rows, performance or Performance(), subject="m", prevalence=0.3, **more
    )


def check(report, name):
    return next(check for check in report.checks if check.name == name)


def who(frame):
    return ModelPredictions(frame["probability"].to_numpy(), frame["decision"].to_numpy())


# --- scores -----------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", SCORES)
def test_an_interval_holds_its_estimate_and_narrows_with_rows(metric):
    widths = []
    for rows in (200, 3200):
        frame = made(rows)
        found = estimate_score(metric, frame["truth"].to_numpy(), who(frame), COST)
        assert found.interval.low < found.value < found.interval.high
        widths.append(found.interval.high - found.interval.low)
    assert 2.5 < widths[0] / widths[1] < 6.5  # about the root of 16


@pytest.mark.parametrize("metric", SCORES)
def test_intervals_cover_as_often_as_they_say(metric):
    big = made(200_000, seed=99)
    true = point_score(metric, big["truth"].to_numpy(), who(big), COST)
    hits = 0
    for seed in range(60):
        frame = made(300, seed)
        found = estimate_score(
            metric, frame["truth"].to_numpy(), who(frame), COST, seed=seed
        ).interval
        hits += found.low <= true <= found.high
    assert hits >= 51  # binomial(60, .95) falls below once in 2,000 times


@pytest.mark.parametrize("metric", SCORES)
def test_a_better_model_is_positive_and_the_difference_turns_round(metric):
    good, bad = made(2000, noise=0.0), made(2000, noise=3.0)
    truth = good["truth"].to_numpy()
    assert (truth == bad["truth"].to_numpy()).all()
    there = score_difference(metric, truth, who(good), who(bad), COST)
    back = score_difference(metric, truth, who(bad), who(good), COST)
    sign = -1 if metric in LOWER_IS_BETTER else 1
    expected = sign * (
        point_score(metric, truth, who(good), COST) - point_score(metric, truth, who(bad), COST)
    )
    assert there.value == pytest.approx(expected)
    assert there.value == pytest.approx(-back.value)
    assert there.interval.low < there.value < there.interval.high
    if metric != "recall":  # noise raises the recall at a fixed threshold
        assert there.value > 0


@pytest.mark.parametrize("metric", ["average_precision", "f1", "precision"])
def test_a_bootstrapped_difference_agrees_with_drawing_rows(metric):
    frame, other = made(400), made(400, noise=1.0)
    truth, one, two = frame["truth"].to_numpy(), who(frame), who(other)
    found = score_difference(metric, truth, one, two, COST)
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(300):
        i = rng.integers(0, 400, 400)
        a, b = (ModelPredictions(m.probability[i], m.decision[i]) for m in (one, two))
        drawn.append(
            point_score(metric, truth[i], a, COST) - point_score(metric, truth[i], b, COST)
        )
    low, high = np.quantile(drawn, [0.025, 0.975])
    width = high - low
    assert found.interval.low == pytest.approx(low, abs=0.2 * width)
    assert found.interval.high == pytest.approx(high, abs=0.2 * width)


def test_the_top_of_a_rare_outcomes_ranking_is_not_blurred():
    # Both models find the 20 positives within the first 40 of 10,000 rows; one ranks them first.
    truth = np.arange(10_000) < 20
    rank = np.arange(10_000)
    mixed = np.where(rank < 20, 2 * rank + 1, np.where(rank < 40, 2 * (rank - 20), rank))
    one, two = (ModelPredictions(1 - r / 10_000, truth) for r in (rank, mixed))
    found = score_difference("average_precision", truth, one, two, COST)
    assert found.value == pytest.approx(0.5)
    assert found.interval.low < 0.48 < 0.52 < found.interval.high


def test_average_precision_over_bins_is_exact_where_each_holds_one_positive():
    rng = np.random.default_rng(0)
    truth = rng.random(400) < 0.1
    tied = ModelPredictions(np.round(rng.random(400) + truth * 0.3, 1) / 2, truth)
    plain = ModelPredictions((rng.random(400) + truth * 0.3) / 2, truth)
    _, binned = average_precision.bootstrap_draws(truth, (plain.probability, tied.probability), 0)
    assert binned == pytest.approx(
        [point_score("average_precision", truth, model, COST) for model in (plain, tied)]
    )


def test_average_precision_over_bins_is_centred_on_the_exact_one():
    frame, other = made(40_000, noise=0.0), made(40_000, noise=0.1)
    truth = frame["truth"].to_numpy()
    found = score_difference("average_precision", truth, who(frame), who(other), COST)
    middle = (found.interval.low + found.interval.high) / 2
    assert middle == pytest.approx(found.value, rel=0.1)


def halves(n):
    """A perfect model of n positives and n negatives, and one that always says no."""
    truth = np.arange(2 * n) < n
    return (
        truth,
        ModelPredictions(truth * 1.0, truth),
        ModelPredictions(np.full(2 * n, 0.4), np.zeros(2 * n, bool)),
    )


@pytest.mark.parametrize("metric", SCORES)
def test_six_rows_settle_nothing(metric):
    truth, perfect, never = halves(3)
    frame = pd.DataFrame({"truth": truth, "probability": truth * 1.0, "decision": truth})
    found = judged(frame, Performance(choose_by=metric, at_least={metric: 0.5}))
    names = ("beats_dummy", f"at_least[{metric}]", "cheaper_than_trivial")
    assert {check(found, name).verdict for name in names} == {Verdict.UNKNOWN}
    assert "3 positives and 3 negatives" in check(found, "beats_dummy").remedy
    intervals = (
        estimate_score(metric, truth, perfect, COST).interval,
        score_difference(metric, truth, perfect, never, COST).interval,
    )
    for interval in intervals:
        assert interval.low is None or interval.low < interval.high


@pytest.mark.parametrize("metric", SCORES)
def test_a_perfect_model_is_not_perfectly_sure(metric):
    truth, perfect, never = halves(30)
    for found in (
        estimate_score(metric, truth, perfect, COST),
        score_difference(metric, truth, perfect, never, COST),
    ):
        assert found.interval.low < found.interval.high
        assert found.interval.low - 1e-9 <= found.value <= found.interval.high + 1e-9
    gain = score_difference(metric, truth, perfect, never, COST)
    assert gain.interval.low > 0  # sixty rows suffice to see that it is better
    same = score_difference(metric, truth, never, never, COST).interval
    assert (same.low, same.high) == (0, 0)


def test_a_perfect_recall_beats_an_imperfect_one_only_as_far_as_wilson_allows():
    truth, perfect, _ = halves(12)
    other = ModelPredictions(
        perfect.probability, truth & (np.arange(24) > 0)
    )  # misses one of twelve
    found = score_difference("recall", truth, perfect, other, COST).interval
    assert found.low < 0 < found.high


def test_models_that_differ_on_negatives_alone_are_not_surely_of_one_recall():
    truth, perfect, _ = halves(30)
    found = truth & (np.arange(60) > 4)
    one = ModelPredictions(perfect.probability, found)
    two = ModelPredictions(perfect.probability, found | (np.arange(60) == 59))
    assert not truth[59]
    interval = score_difference("recall", truth, one, two, COST).interval
    assert interval.low < 0 < interval.high


@pytest.mark.parametrize("metric", SCORES)
@pytest.mark.parametrize("yes", [1, 3, 40])
def test_no_sentence_holds_a_number_that_is_none(metric, yes):
    rows = made(80).assign(truth=np.arange(80) < yes)
    for frame in (rows, rows.assign(probability=0.2, decision=False)):
        report = judged(frame, Performance(choose_by=metric, at_least={metric: 0.5}))
        told = [report.summary, *(f"{c.why} {c.remedy}" for c in report.checks)]
        assert not [text for text in told if re.search(r"\b(nan|inf|None|no bound)\b|∞", text)]


# --- rivals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["roc_auc", "average_precision", "log_loss", "cost", "f1"])
def test_a_good_model_beats_the_dummy(metric):
    found = judged(made(2000), Performance(choose_by=metric, beat={"dummy": 0.02}))
    assert check(found, "beats_dummy").verdict is Verdict.PASS


def test_a_model_that_knows_no_more_than_the_dummy_fails():
    rows = made(2000).assign(probability=0.3, decision=False)
    found = judged(rows)
    assert check(found, "beats_dummy").verdict is Verdict.FAIL
    assert check(found, "cheaper_than_trivial").verdict is Verdict.FAIL
    assert found.verdict is Verdict.FAIL


def test_a_margin_inside_the_interval_is_unknown_with_the_rows_that_would_tell():
    rows = made(150)
    auc = point_score("roc_auc", rows["truth"].to_numpy(), who(rows), COST)
    found = judged(rows, Performance(beat={"dummy": round(auc - 0.5 - 0.02, 3)}))
    dummy = check(found, "beats_dummy")
    assert dummy.verdict is Verdict.UNKNOWN
    assert "more test rows would tell" in dummy.remedy


def test_the_champion_is_compared_on_the_same_rows():
    rows, weak = made(2000, noise=0.0), made(2000, noise=2.0)
    champion = weak[["row", "probability", "decision"]]
    assert check(judged(rows, champion=champion), "beats_champion").verdict is Verdict.PASS
    beaten = judged(weak, champion=rows[["row", "probability", "decision"]])
    assert check(beaten, "beats_champion").verdict is Verdict.FAIL
    assert check(judged(rows, champion=rows), "beats_champion").verdict is Verdict.FAIL
    with pytest.raises(DataError, match="other rows"):
        judged(rows, champion=champion.iloc[::-1])
    with pytest.raises(DataError, match="other rows"):
        judged(rows, champion=champion.iloc[:-1])


def test_later_challengers_must_be_surer_and_the_errors_of_all_sum_to_the_budget():
    levels = np.array([spent_level(k) for k in range(1, 10_000)])
    assert levels[0] == pytest.approx(0.95)
    assert ((1 - levels) / 2).sum() == pytest.approx(0.05, abs=1e-4)
    rows, rival = made(2000, noise=0.0), made(2000, noise=0.4)
    found = {
        k: check(judged(rows, champion=rival, challenger_number=k), "beats_champion")
        for k in (1, 12)
    }
    assert found[1].interval.level == 0.95
    assert found[12].interval.low < found[1].interval.low
    assert "challenger 12 of this champion, judged with an error of 0.032 % of the 5%" in (
        found[12].why
    )


def test_what_is_surely_worse_than_the_champion_fails_whatever_its_number():
    rows, weak = made(2000, noise=0.0), made(2000, noise=0.6)
    report = judged(weak, champion=rows, challenger_number=40)
    assert check(report, "beats_champion").verdict is Verdict.FAIL


def test_twelve_challengers_as_good_as_the_champion_seldom_promote_noise():
    def reign(seed, spend):
        """Whether any of twelve, each judged on rows of its own, beats an equal champion."""
        rng = np.random.default_rng(seed)
        for k in range(1, 13):
            z = rng.normal(size=400)
            truth = rng.random(400) < 1 / (1 + np.exp(-z))
            one, two = (1 / (1 + np.exp(-z - rng.normal(size=400))) for _ in "ab")
            mine, theirs = (ModelPredictions(p, p > 0.5) for p in (one, two))
            found = comparisons.check_against_rivals(
                truth,
                mine,
                {"champion": theirs},
                Performance(),
                seed=0,
                challenger_number=k if spend else None,
            )
            if found[0].verdict is Verdict.PASS:
                return True
        return False

    assert sum(reign(seed, spend=False) for seed in range(60)) >= 8  # 26 % in theory
    assert sum(reign(seed, spend=True) for seed in range(60)) <= 7  # at most 5 %


def test_limits_are_floors_for_scores_and_ceilings_for_losses():
    limits = {"roc_auc": 0.6, "brier": 0.3, "log_loss": 0.1, "accuracy": 0.99}
    found = judged(made(2000), Performance(at_least=limits))
    verdicts = {m: check(found, f"at_least[{m}]").verdict.value for m in limits}
    expected = {"roc_auc": "pass", "brier": "pass", "log_loss": "fail", "accuracy": "fail"}
    assert verdicts == expected


def test_the_same_seed_gives_the_same_report():
    rows = made(300)
    one, two = (judged(rows, Performance(choose_by="f1"), seed=3).model_dump_json() for _ in "ab")
    assert one == two


def test_a_report_shows_scores_confusion_cost_and_curves():
    rows = made(500)
    found = judged(rows, Performance(cost=COST), champion=rows)
    scores, matrix, cost, *_ = found.sheets
    assert scores.columns == ("score", "model", "low", "high", "dummy", "champion")
    assert [row[0] for row in scores.rows] == list(SCORES)
    assert sum(sum(row[1:3]) for row in matrix.rows) == 500
    always = {row[0]: row[3] for row in cost.rows}
    assert always["always yes"] == 3 * (~rows["truth"]).sum()
    assert always["always no"] == rows["truth"].sum()
    roc, precision, calibration, _ = found.figures
    assert len(calibration.series[0].points) == 10
    assert all(len(one.points) <= 100 for one in (*roc.series, *precision.series))


# --- rare outcomes ------------------------------------------------------------------------------


def rare(rows, share, threshold=0.5, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=rows)
    p = 1 / (1 + np.exp(-(np.log(share / (1 - share)) + 1.2 * z - 0.6)))
    frame = pd.DataFrame({"truth": rng.random(rows) < p, "probability": p})
    return frame.assign(decision=p >= threshold)


@pytest.mark.parametrize(("turned", "word"), [(False, "no"), (True, "yes")])
def test_a_model_that_says_the_same_to_everybody_fails_however_well_it_ranks(turned, word):
    rows = rare(6000, 0.02, threshold=0.999)
    if turned:
        rows = rows.assign(truth=~rows["truth"], probability=1 - rows["probability"], decision=True)
    report = judged(rows)
    assert check(report, "beats_dummy").verdict is Verdict.PASS
    found = check(report, "cheaper_than_trivial")
    assert found.verdict is Verdict.FAIL
    assert found.why == f"the model says {word} to each of the 6,000 test rows"
    assert "performance.cost" in found.remedy
    assert report.verdict is Verdict.FAIL


def test_a_model_that_costs_more_than_saying_no_fails_and_a_doubtful_one_is_a_caution():
    rows = rare(6000, 0.05, threshold=0.1)
    dear = judged(rows, Performance(cost=ErrorCosts(false_positive=5)))
    assert dear.verdict is Verdict.FAIL
    doubtful = judged(rare(6000, 0.05, threshold=0.45), Performance(cost=ErrorCosts()))
    assert check(doubtful, "cheaper_than_trivial").verdict is Verdict.UNKNOWN
    assert doubtful.verdict is Verdict.CAUTION


def test_rare_outcomes_show_average_precision_and_recall_first_and_ask_for_costs():
    rows = rare(6000, 0.02, threshold=0.02)
    report = judged(rows)
    assert [row[0] for row in report.sheets[0].rows][:2] == ["average_precision", "recall"]
    assert report.summary.startswith("Average precision 0.")
    assert {"Recall", "ROC"} <= set(report.summary.split())
    asked = check(report, "cost_declared")
    assert asked.verdict is Verdict.FAIL
    assert not asked.hard
    times = round((~rows["truth"]).sum() / rows["truth"].sum())
    assert f"`cost: {{false_positive: 1, false_negative: {times}}}`" in asked.remedy


def test_costs_that_somebody_declared_equal_are_declared():
    equal = Performance.model_validate({"cost": {"false_positive": 1.0, "false_negative": 1.0}})
    assert check(judged(rare(6000, 0.02), equal), "cost_declared").verdict is Verdict.PASS
    assert "cost_declared" not in {one.name for one in judged(made(2000)).checks}


# --- calibration ------------------------------------------------------------------------------


def test_true_probabilities_are_found_calibrated():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.05, 0.95, 20_000)
    truth = rng.random(20_000) < p
    for found in (calibration_slope(truth, p), expected_over_observed(truth, p)):
        assert found.interval.low < 1 < found.interval.high
        assert found.interval.high - found.interval.low < 0.1


def test_probabilities_too_extreme_or_too_high_are_a_caution():
    rows = made(5000, noise=0.0)
    odds = np.log(rows["probability"] / (1 - rows["probability"]))
    extreme = judged(rows.assign(probability=1 / (1 + np.exp(-2 * odds))))
    assert check(extreme, "calibration_slope").verdict is Verdict.FAIL
    assert check(extreme, "calibration_slope").estimate == pytest.approx(0.5, abs=0.05)
    high = judged(rows.assign(probability=rows["probability"] ** 0.5))
    assert check(high, "calibration_in_the_large").verdict is Verdict.FAIL
    assert extreme.verdict is Verdict.CAUTION


def calibrated(rows, seed, shift=0.0):
    """Truth and probabilities whose logits are too high by `shift`."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=rows)
    return rng.random(rows) < 1 / (1 + np.exp(-z)), 1 / (1 + np.exp(-z - shift))


def test_a_shift_of_the_logits_is_the_intercept_and_none_is_zero():
    for shift in (0.0, 0.7):
        found = calibration_intercept(*calibrated(5000, 0, shift))
        assert found.interval.low < -shift < found.interval.high
        assert found.interval.high - found.interval.low < 0.2


@pytest.mark.parametrize("rows", [50, 2000])
def test_perfectly_calibrated_probabilities_on_few_rows_do_not_look_miscalibrated(rows):
    found = [calibration_error(*calibrated(rows, seed)) for seed in range(100)]
    assert sum(f.interval.low > 0 for f in found) <= 8  # of 100 at 2.5 %
    plain, chance = zip(
        *(expected_calibration_error(*calibrated(rows, s)) for s in range(100)), strict=True
    )
    # The usual estimate is biased upward by just what chance brings.
    assert np.mean(plain) == pytest.approx(np.mean(chance), rel=0.1)
    verdicts = {
        check(judged(_frame(*calibrated(rows, s))), "calibration_error").verdict for s in range(3)
    }
    assert verdicts == {Verdict.UNKNOWN if rows == 50 else Verdict.PASS}


def test_the_calibration_error_is_covered_where_there_is_one():
    z = np.random.default_rng(0).normal(size=200_000)
    true = np.sqrt(np.mean((1 / (1 + np.exp(-z)) - 1 / (1 + np.exp(-z - 0.5))) ** 2))
    intervals = [calibration_error(*calibrated(1500, seed, 0.5)).interval for seed in range(60)]
    assert sum(i.low <= true <= i.high for i in intervals) >= 52


def test_certainties_that_are_wrong_are_not_without_error():
    truth = np.arange(400) % 2 == 0
    assert calibration_error(truth, ~truth * 1.0).interval.low > 0.9
    assert calibration_error(truth, truth * 1.0).interval.high < 0.05


def test_few_positives_leave_every_calibration_check_unknown():
    rows = made(400)
    rows["truth"] = np.arange(400) < 9
    found = judged(rows)
    names = ("calibration_in_the_large", "calibration_slope", "calibration_error", "threshold")
    assert {check(found, name).verdict for name in names} == {Verdict.UNKNOWN}


def _frame(truth, probability):
    return pd.DataFrame({"truth": truth, "probability": probability, "decision": probability > 0.5})


def test_constant_or_perfect_probabilities_have_no_slope():
    truth = np.array([True, False] * 50)
    assert calibration_slope(truth, np.full(100, 0.5)) is None
    assert calibration_slope(truth, truth * 1.0) is None


# --- edges ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.assign(truth=True), "all 50 test rows are positive"),
        (lambda r: r.assign(truth=False), "all 50 test rows are negative"),
        (lambda r: r.iloc[:0], "all 0 test rows"),
        (lambda r: r.assign(probability=r["probability"] * 5 + 1), "outside 0 to 1"),
        (lambda r: r.assign(probability=np.nan), "nulls in 'probability'"),
        (lambda r: r.rename(columns={"probability": "probabilty"}), r"mean 'probabilty'"),
    ],
)
def test_predictions_that_cannot_be_judged_are_refused(change, message):
    with pytest.raises(DataError, match=message):
        judged(change(made(50)))


def test_one_row_of_a_class_is_judged_without_false_certainty():
    rows = made(30).assign(truth=[True] + [False] * 29, probability=[0.9] + [0.1] * 29)
    found = judged(rows)
    assert check(found, "beats_dummy").verdict is not Verdict.FAIL
    assert check(found, "beats_dummy").interval.low < 0.4


@pytest.mark.parametrize(("rows", "positives"), [(2, 1), (5, 2), (6, 6), (7, 3)])
def test_the_luck_of_a_random_ranking_is_its_mean_over_all_orders(rows, positives):
    from itertools import combinations

    from sklearn.metrics import average_precision_score

    from assay.gates.performance.average_precision import chance_excess

    ranked = np.arange(rows, 0, -1, dtype=float)
    scores = []
    for places in combinations(range(rows), positives):
        truth = np.isin(np.arange(rows), places)
        scores.append(average_precision_score(truth, ranked))
    assert chance_excess(truth) == pytest.approx(np.mean(scores) - positives / rows)


@pytest.mark.slow
def test_a_model_that_guesses_seldom_beats_the_dummy_by_average_precision():
    beaten = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        truth, probability = rng.random(400) < 0.2, rng.random(400)
        frame = pd.DataFrame(
            {"truth": truth, "probability": probability, "decision": probability > 0.5}
        )
        asked = Performance(choose_by="average_precision")
        found = judge_performance(frame, asked, subject="guess", prevalence=0.2)
        beaten += check(found, "beats_dummy").verdict is Verdict.PASS
    assert beaten <= 4  # 3; without the luck taken off, 10


# --- rows that belong together -------------------------------------------------------------------


def patients(count, visits, alike, seed=0):
    """Rows of which `alike` says whether those of one patient are wrong together."""
    rng = np.random.default_rng(seed)
    of = np.repeat(np.arange(count), visits)
    hidden = rng.normal(size=count)[of] if alike else rng.normal(size=count * visits)
    z = rng.normal(size=count * visits)
    truth = z + 3 * hidden + 0.3 * rng.normal(size=len(z)) > 0
    probability = 1 / (1 + np.exp(-z))
    columns = {"row": np.arange(len(z)), "truth": truth, "probability": probability}
    return pd.DataFrame(columns).assign(decision=probability > 0.5), pd.Series(of, name="patient")


def test_rows_that_err_together_have_intervals_as_wide_as_draws_vary():
    rows, of = patients(300, 10, alike=True)
    report = judged(rows, units=of)
    found = check(report, "independence")
    assert found.verdict is Verdict.PASS
    assert "3,000 test rows hold 300 different values of patient" in found.why
    # What many draws show: how far the accuracy of such rows varies, beside what one draw claims.
    drawn = [patients(300, 10, alike=True, seed=s)[0] for s in range(1, 201)]
    spread = np.std([(one["decision"] == one["truth"]).mean() for one in drawn])
    low, high = {row[0]: row[2:4] for row in report.sheets[0].rows}["accuracy"]
    assert (high - low) / 2 == pytest.approx(1.97 * spread, rel=0.15)
    alone = judged(rows).sheets[0].rows
    assert high - low > 1.25 * np.subtract(*{r[0]: r[2:4] for r in alone}["accuracy"][::-1])


def people_with_shifts(people, rows, seed, unequal=False):
    """`rows` rows a person on average, whose outcomes and scores are shifted person by person."""
    rng = np.random.default_rng([7, people, seed])
    sizes = np.full(people, rows)
    if unequal:
        sizes = np.maximum(rng.negative_binomial(3, 3 / (3 + rows), people), 1)
    of = np.repeat(np.arange(people), sizes)
    z = -0.5 + 1.5 * rng.normal(size=people)[of] + 0.6 * rng.normal(size=len(of))
    score = 1 / (1 + np.exp(-0.9 * z - 0.8 * rng.normal(size=people)[of]))
    truth = rng.random(len(of)) < 1 / (1 + np.exp(-z))
    rival = 1 / (1 + np.exp(-0.5 * z - 0.5 * rng.normal(size=len(of))))
    models = tuple(ModelPredictions(p, p >= 0.5) for p in (score, rival))
    return truth, models, find_clusters(of, "person")


@pytest.mark.parametrize(("people", "rows", "unequal"), [(50, 20, False), (50, 20, True)])
@pytest.mark.slow
def test_intervals_of_every_score_cover_where_rows_belong_together(people, rows, unequal):
    truth, models, _ = people_with_shifts(20_000, 5, 0)
    true = {m: [point_score(m, truth, one, COST) for one in models] for m in SCORES}
    hits = dict.fromkeys(SCORES, 0)
    gaps, unclustered = dict.fromkeys(SCORES, 0), 0
    for seed in range(40):
        truth, (one, two), clusters = people_with_shifts(people, rows, seed, unequal)
        for metric in SCORES:
            found = estimate_score(metric, truth, one, COST, clusters=clusters).interval
            hits[metric] += found.low <= true[metric][0] <= found.high
            sign = -1 if metric in LOWER_IS_BETTER else 1
            gap = score_difference(metric, truth, one, two, COST, clusters=clusters).interval
            gaps[metric] += gap.low <= sign * (true[metric][0] - true[metric][1]) <= gap.high
        plain = estimate_score("recall", truth, one, COST).interval
        unclustered += plain.low <= true["recall"][0] <= plain.high
    assert min(*hits.values(), *gaps.values()) >= 33  # of 40 at 95 %; below once in 1,000 times
    assert unclustered < 30


@pytest.mark.parametrize("metric", SCORES)
def test_a_perfect_model_of_few_people_is_not_perfectly_sure(metric):
    truth = np.random.default_rng(0).random(400) < 0.5
    clusters = find_clusters(np.repeat(np.arange(20), 20), "person")
    perfect = ModelPredictions(truth * 1.0, truth)
    never = ModelPredictions(np.full(400, 0.4), np.zeros(400, bool))
    found = estimate_score(metric, truth, perfect, COST, clusters=clusters)
    assert found.interval.low < found.interval.high
    assert found.interval.low - 1e-9 <= found.value <= found.interval.high + 1e-9
    same = score_difference(metric, truth, never, never, COST, clusters=clusters).interval
    assert (same.low, same.high) == (0, 0)
    gain = score_difference(metric, truth, perfect, never, COST, clusters=clusters)
    assert 0 < gain.interval.low < gain.interval.high


def test_average_precision_changes_with_a_rows_weight_as_its_influence_says():
    from sklearn.metrics import average_precision_score

    rng = np.random.default_rng(0)
    truth, score = rng.random(60) < 0.4, rng.integers(0, 12, 60) / 12
    influence = average_precision.precision_influence(truth, score)
    assert influence.sum() == pytest.approx(0)
    for i in range(60):
        more = 1 + 1e-6 * (np.arange(60) == i)
        slope = (
            average_precision_score(truth, score, sample_weight=more)
            - average_precision_score(truth, score)
        ) / 1e-6
        assert influence[i] == pytest.approx(slope, abs=1e-5)


def test_few_people_settle_nothing_however_many_rows_they_have():
    rows, of = patients(9, 200, alike=True)
    report = judged(rows, Performance(at_least={"recall": 0.1}), units=of)
    names = ("independence", "beats_dummy", "at_least[recall]", "cheaper_than_trivial")
    assert {check(report, name).verdict for name in names} == {Verdict.UNKNOWN}
    assert "needs those of at least 10" in check(report, "independence").remedy
    assert report.verdict is Verdict.UNKNOWN


def test_people_without_a_second_row_leave_every_byte_as_it_is():
    rows, of = patients(300, 1, alike=True)
    assert judged(rows, units=of) == judged(rows)
    assert "independence" not in {one.name for one in judged(rows).checks}
