"""Intervals of scores of amounts: as wide as they say, and none where none would hold."""

import numpy as np
import pytest
from scipy import stats

from assay.config.gates import LOWER_IS_BETTER, UnitCost
from assay.gates.statistics.cluster_errors import Clusters, find_clusters
from assay.problems.regression.metrics import compute_metric
from assay.problems.regression.performance import METRICS
from assay.problems.regression.scores import estimate_score, score_difference
from assay.problems.regression.tails import tail_share

COST = UnitCost(too_low=3, too_high=1)
SQUARES = ("rmse", "r2")


def made(rng, rows=300):
    """Outcomes and predictions whose errors are normal with standard deviation 2."""
    prediction = rng.normal(20, 4, rows)
    return prediction + rng.normal(0, 2, rows), prediction


def interval(metric, truth, prediction, clusters=None):
    held = estimate_score(metric, truth, prediction, COST, clusters=clusters).interval
    return held.low, held.high


def covered_share(metric, draw, true, draws=400):
    hits = 0
    for seed in range(draws):
        low, high = interval(metric, *draw(np.random.default_rng(seed)))
        hits += low <= true <= high
    return hits / draws


TRUE = {
    "mae": 2 * np.sqrt(2 / np.pi),
    "rmse": 2.0,
    "median_absolute_error": 2 * stats.norm.ppf(0.75),
    "r2": 0.8,
    "mean_error": 0.0,
    "pinball_loss": 2 * np.sqrt(2 / np.pi) / 2,
    "cost": 2 * np.sqrt(2 / np.pi) / 2 * 4,
}


@pytest.mark.parametrize("metric", METRICS)
def test_intervals_hold_the_true_score_as_often_as_they_say(metric):
    share = covered_share(metric, made, TRUE[metric])
    # Three standard errors of 400 draws are .033; order statistics hold at least what they say.
    assert 0.92 <= share <= (0.99 if metric == "median_absolute_error" else 0.98)


@pytest.mark.parametrize("metric", METRICS)
def test_where_rows_of_one_unit_err_together_intervals_take_it_into_account(metric):
    def draw(rng):
        rows = np.repeat(np.arange(60), 5)
        prediction = np.repeat(rng.normal(20, 4, 60), 5)
        error = np.sqrt(3) * rng.normal(size=60)[rows] + rng.normal(size=300)
        return prediction + error, prediction, Clusters(rows, "person")

    # A share of .93 of 300 draws: that independent rows would have is far below.
    share = covered_share(metric, draw, TRUE[metric], draws=300)
    assert share >= 0.90
    if metric == "mean_error":
        alone = covered_share(metric, lambda rng: draw(rng)[:2], TRUE[metric], draws=100)
        assert alone < 0.8


def test_mean_metrics_have_students_interval_and_the_median_that_of_order_statistics():
    truth, prediction = made(np.random.default_rng(1))
    error = prediction - truth
    for metric, values in (("mean_error", error), ("mae", np.abs(error))):
        expected = stats.ttest_1samp(values, 0).confidence_interval()
        assert interval(metric, truth, prediction) == pytest.approx(tuple(expected))
    expected = stats.quantile_test(np.abs(error), p=0.5).confidence_interval()
    assert interval("median_absolute_error", truth, prediction) == pytest.approx(tuple(expected))


@pytest.mark.parametrize(
    ("draw_errors", "rows", "known"),
    [
        (lambda rng, n: rng.standard_t(3, n), 1000, 0.15),
        (lambda rng, n: rng.lognormal(0, 1, n) - np.exp(0.5), 1000, 0.02),
        (lambda rng, n: rng.standard_t(3, n), 5000, 0.10),
    ],
)
def test_of_heavy_tailed_errors_rmse_and_r2_have_no_interval(draw_errors, rows, known):
    sure = {"rmse": 0, "r2": 0, "mae": 0}
    for seed in range(60):
        rng = np.random.default_rng(seed)
        prediction = rng.normal(20, 4, rows)
        truth = prediction + draw_errors(rng, rows)
        for metric in sure:
            sure[metric] += interval(metric, truth, prediction)[0] is not None
    assert sure["rmse"] <= known * 60
    assert sure["r2"] <= known * 60
    assert sure["mae"] == 60


@pytest.mark.parametrize(("scale", "rows"), [("normal", 300), ("laplace", 5000)])
def test_errors_of_light_tails_keep_theirs(scale, rows):
    for seed in range(20):
        rng = np.random.default_rng(seed)
        prediction = rng.normal(20, 4, rows)
        truth = prediction + getattr(rng, scale)(size=rows)
        assert None not in interval("rmse", truth, prediction)


def test_the_part_of_the_largest_one_percent_is_that_of_the_formula():
    squares = np.random.default_rng(0).normal(size=200_000) ** 2
    z = stats.norm.ppf(0.995)
    expected = 2 * (z * stats.norm.pdf(z) + stats.norm.sf(z))
    assert tail_share(squares) == pytest.approx(expected, rel=0.02)
    assert tail_share(np.array([1.0, 1.0, 8.0])) == pytest.approx(0.8)
    assert tail_share(np.zeros(4)) == 0


@pytest.mark.parametrize("metric", METRICS)
def test_a_better_model_gains_and_the_difference_is_that_of_the_scores(metric):
    truth, own = made(np.random.default_rng(2), 2000)
    rival = own + np.random.default_rng(3).normal(1, 3, 2000)
    gain = score_difference(metric, truth, own, rival, COST)
    scores = [abs(compute_metric(metric, truth, p, unit_cost=COST)) for p in (own, rival)]
    sign = -1 if metric in LOWER_IS_BETTER else 1
    assert gain.value == pytest.approx(sign * (scores[0] - scores[1]))
    assert gain.interval.low > 0
    back = score_difference(metric, truth, rival, own, COST)
    ends = (-back.interval.high, -back.interval.low)
    assert (gain.interval.low, gain.interval.high) == pytest.approx(ends)
    same = score_difference(metric, truth, own, own, COST)
    assert (same.value, same.interval.low, same.interval.high) == (0, 0, 0)


@pytest.mark.parametrize("metric", [m for m in METRICS if m != "mean_error"])
def test_models_that_are_as_good_differ_by_chance_alone_as_often_as_stated(metric):
    hits = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        centre, shared = rng.normal(20, 4, 300), rng.normal(size=300)
        one, other = (centre + rng.normal(size=300) for _ in range(2))
        truth = centre + 2 * shared
        held = score_difference(metric, truth, one, other, COST).interval
        hits += held.low <= 0 <= held.high
    assert 0.90 <= hits / 200 <= 0.99


def test_paired_differences_of_mean_errors_are_those_of_a_paired_test():
    truth, own = made(np.random.default_rng(4))
    rival = own + np.random.default_rng(5).normal(size=300)
    sizes = [np.abs(p - truth) for p in (own, rival)]
    expected = stats.ttest_rel(sizes[1], sizes[0]).confidence_interval()
    held = score_difference("mae", truth, own, rival, COST).interval
    assert (held.low, held.high) == pytest.approx(tuple(expected))


def test_models_that_err_on_the_same_rows_have_a_narrow_difference_of_medians():
    truth, own = made(np.random.default_rng(9), 2000)
    rival = own + np.random.default_rng(10).normal(0, 0.05, 2000)
    held = score_difference("median_absolute_error", truth, own, rival, COST).interval
    low, high = interval("median_absolute_error", truth, own)
    assert held.high - held.low < (high - low) / 2


@pytest.mark.parametrize("metric", METRICS)
def test_neither_the_order_of_rows_nor_the_unit_matters(metric):
    rng = np.random.default_rng(6)
    truth, prediction = made(rng)
    units = np.repeat(np.arange(100), 3)
    order = rng.permutation(300)
    once = interval(metric, truth, prediction, find_clusters(units, "u"))
    again = interval(metric, truth[order], prediction[order], find_clusters(units[order], "u"))
    assert once == pytest.approx(again)
    factor = 1.0 if metric == "r2" else 1000.0
    scaled = interval(metric, 1000 * truth, 1000 * prediction, find_clusters(units, "u"))
    assert tuple(end / factor for end in scaled) == pytest.approx(once)


@pytest.mark.parametrize("metric", METRICS)
def test_rows_written_down_four_times_make_no_interval_narrower(metric):
    truth, prediction = made(np.random.default_rng(7), 200)
    repeated = [np.repeat(v, 4) for v in (truth, prediction)]
    once = interval(metric, truth, prediction)
    four = interval(metric, *repeated, Clusters(np.repeat(np.arange(200), 4), "row"))
    assert four[1] - four[0] == pytest.approx(once[1] - once[0], rel=0.1)


@pytest.mark.parametrize("metric", METRICS)
def test_too_few_rows_or_units_or_errors_that_never_vary_have_no_interval(metric):
    truth, prediction = made(np.random.default_rng(8))
    assert interval(metric, truth[:29], prediction[:29]) == (None, None)
    assert None not in interval(metric, truth[:40], prediction[:40]) or metric in SQUARES
    few = Clusters(np.arange(300) % 9, "person")
    assert interval(metric, truth, prediction, few) == (None, None)
    if metric != "median_absolute_error":  # whose interval asks for no spread
        assert interval(metric, truth, truth) == (None, None)
