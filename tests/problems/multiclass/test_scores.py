"""Scores of several classes: scikit-learn's values, intervals that cover, paired differences."""

from typing import get_args

import numpy as np
import pytest

from assay.config.gates import LOWER_IS_BETTER, MulticlassMetric
from assay.gates.statistics.auc import roc_auc, roc_auc_difference
from assay.gates.statistics.cluster_errors import find_clusters
from assay.problems.multiclass.answers import ClassAnswers
from assay.problems.multiclass.influences import score_influence
from assay.problems.multiclass.metrics import compute_metric
from assay.problems.multiclass.scores import (
    MEAN_METRICS,
    estimate_score,
    point_score,
    row_values,
    score_difference,
    too_few_remedy,
)

METRICS = get_args(MulticlassMetric)
CLASSES = ("none", "minor", "serious", "killed")
COSTS = np.array([[0.0, 1, 1, 1], [1, 0, 1, 1], [3, 1, 0, 1], [20, 9, 3, 0]])


def made(rows, seed=0, noise=0.6, tempered=1.0):
    """Truth drawn from known probabilities, and answers that know these but for some noise."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=(rows, 4)) * 1.2 + np.array([0.6, 0.2, -0.2, -0.5])
    p = np.exp(signal) / np.exp(signal).sum(axis=1, keepdims=True)
    truth = (rng.random((rows, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(0, 3)
    guess = np.exp(tempered * (signal + noise * rng.normal(size=signal.shape)))
    guess /= guess.sum(axis=1, keepdims=True)
    return truth.astype(np.int64), ClassAnswers(CLASSES, guess.argmax(axis=1), guess)


@pytest.mark.parametrize("metric", METRICS)
def test_the_value_is_that_of_scikit_learn_with_ties_too(metric):
    truth, who = made(400)
    coarse = np.round(who.probability * 4 + 0.5)
    tied = ClassAnswers(CLASSES, who.decision, coarse / coarse.sum(axis=1, keepdims=True))
    for held in (who, tied):
        other = compute_metric(metric, truth, held.probability, held.decision, costs=COSTS)
        assert point_score(metric, truth, held, COSTS) == pytest.approx(other, abs=1e-12)


@pytest.mark.parametrize("metric", [m for m in METRICS if m not in MEAN_METRICS])
def test_an_influence_is_the_change_that_a_row_more_would_make(metric):
    # Twenty times as many rows, so that one row more is nearly a derivative.
    truth, who = made(60)
    many = [np.repeat(v, 200, axis=0) for v in (truth, who.decision, who.probability)]
    all_rows = ClassAnswers(CLASSES, many[1], many[2])
    found = score_influence(metric, many[0], all_rows)
    for row in range(0, 60, 7):
        grown = [np.append(v, v[200 * row : 200 * row + 1], axis=0) for v in many]
        after = point_score(metric, grown[0], ClassAnswers(CLASSES, grown[1], grown[2]), COSTS)
        assert found.influence[200 * row] == pytest.approx(after - found.value, rel=0.01, abs=1e-9)


@pytest.mark.parametrize("metric", METRICS)
def test_neither_the_order_of_rows_nor_the_names_of_classes_matter(metric):
    truth, who = made(300)
    before = estimate_score(metric, truth, who, COSTS)
    order = np.random.default_rng(1).permutation(300)
    moved = ClassAnswers(("a", "b", "c", "d"), who.decision[order], who.probability[order])
    after = estimate_score(metric, truth[order], moved, COSTS)
    assert after.value == pytest.approx(before.value)
    assert after.interval.low == pytest.approx(before.interval.low)
    assert after.interval.high == pytest.approx(before.interval.high)


@pytest.mark.parametrize("metric", [m for m in METRICS if m != "quadratic_kappa"])
def test_the_order_of_classes_matters_to_kappa_alone(metric):
    truth, who = made(300)
    order = np.array([2, 0, 3, 1])
    place = np.argsort(order)
    moved = ClassAnswers(CLASSES, place[who.decision], who.probability[:, order])
    before = estimate_score(metric, truth, who, COSTS)
    after = estimate_score(metric, place[truth], moved, COSTS[np.ix_(order, order)])
    assert after.value == pytest.approx(before.value)
    assert after.interval.low == pytest.approx(before.interval.low)


@pytest.mark.parametrize("metric", METRICS)
def test_intervals_cover_what_they_estimate(metric):
    truth, who = made(60_000, seed=9)
    target = point_score(metric, truth, who, COSTS)
    held = 0
    for seed in range(200):
        rows = np.random.default_rng(seed).integers(0, 60_000, 400)
        found = estimate_score(metric, truth[rows], who.of(rows), COSTS).interval
        held += found.low <= target <= found.high
    assert 0.905 <= held / 200 <= 0.99  # 95 %, within three standard errors of 200 draws


@pytest.mark.parametrize("metric", METRICS)
def test_paired_differences_cover_and_are_better_when_positive(metric):
    truth, who = made(60_000, seed=9, noise=0.3)
    rival = made(60_000, seed=9, noise=1.5)[1]
    sign = -1 if metric in LOWER_IS_BETTER else 1
    target = sign * (
        point_score(metric, truth, who, COSTS) - point_score(metric, truth, rival, COSTS)
    )
    assert target > 0
    held = 0
    for seed in range(150):
        rows = np.random.default_rng(seed).integers(0, 60_000, 400)
        found = score_difference(metric, truth[rows], who.of(rows), rival.of(rows), COSTS)
        held += found.interval.low <= target <= found.interval.high
    assert 0.9 <= held / 150 <= 0.995


@pytest.mark.parametrize("decimals", [0, 9])  # with many ties, and without any
def test_two_classes_have_the_error_of_delong(decimals):
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 2, 2000)
    scores = [np.round(rng.normal(size=2000) + truth * by, decimals) for by in (1.0, 0.7)]
    who, rival = (
        ClassAnswers(("a", "b"), (s > 0).astype(np.int64), np.column_stack([-s, s])) for s in scores
    )
    costs = 1 - np.eye(2)
    for metric in ("roc_auc_ovr", "roc_auc_ovo"):
        now, other = estimate_score(metric, truth, who, costs), roc_auc(truth, scores[0])
        assert now.value == pytest.approx(other.value)
        assert now.interval.low == pytest.approx(other.interval.low, abs=2e-4)
        gap = score_difference(metric, truth, who, rival, costs)
        paired = roc_auc_difference(truth, *scores)
        assert gap.interval.low == pytest.approx(paired.interval.low, abs=2e-4)


@pytest.mark.parametrize("metric", METRICS)
def test_rows_counted_ten_times_are_no_surer_in_clusters(metric):
    truth, who = made(150)
    ten = np.repeat(np.arange(150), 10)
    alone = estimate_score(metric, truth, who, COSTS).interval
    many = estimate_score(
        metric, truth[ten], who.of(ten), COSTS, find_clusters(ten, "person")
    ).interval
    naive = estimate_score(metric, truth[ten], who.of(ten), COSTS).interval
    assert many.high - many.low == pytest.approx(alone.high - alone.low, rel=0.1)
    assert naive.high - naive.low < 0.5 * (many.high - many.low)


def test_answers_alike_differ_by_nothing_and_a_dummy_is_beaten_on_paired_rows():
    truth, who = made(400)
    dummy = ClassAnswers(
        CLASSES, np.zeros(400, dtype=np.int64), np.tile([0.4, 0.3, 0.2, 0.1], (400, 1))
    )
    for metric in METRICS:
        same = score_difference(metric, truth, who, who, COSTS)
        assert (same.value, same.interval.low, same.interval.high) == (0.0, 0.0, 0.0)
        gain = score_difference(metric, truth, who, dummy, COSTS)
        assert gain.interval.low < gain.value < gain.interval.high
    assert score_difference("roc_auc_ovr", truth, who, dummy, COSTS).interval.low > 0.05


def test_few_rows_of_a_class_leave_scores_of_every_class_unbounded():
    truth, who = made(400)
    keep = (truth != 3) | (np.cumsum(truth == 3) <= 9)
    short, held = truth[keep], who.of(keep)
    for metric in METRICS:
        found = estimate_score(metric, short, held, COSTS).interval
        of_every_class = metric in {
            "balanced_accuracy",
            "macro_f1",
            "roc_auc_ovr",
            "roc_auc_ovo",
            "cost",
        }
        assert (found.low is None) == of_every_class, metric
    assert "killed has 9" in too_few_remedy("macro_f1", short, held)


def test_a_class_that_is_hardly_decided_leaves_macro_f1_alone_unbounded():
    truth, who = made(400)
    seldom = np.where(who.decision == 3, 2, who.decision)
    held = ClassAnswers(CLASSES, seldom, who.probability)
    assert estimate_score("macro_f1", truth, held, COSTS).interval.low is None
    assert estimate_score("balanced_accuracy", truth, held, COSTS).interval.low is not None
    assert "killed is decided 0 times" in too_few_remedy("macro_f1", truth, held)


def test_a_class_without_test_rows_gives_finite_values_without_interval():
    truth, who = made(200)
    keep = truth != 3
    for metric in METRICS:
        found = estimate_score(metric, truth[keep], who.of(keep), COSTS)
        assert np.isfinite(found.value)
    one = truth == 0
    for metric in METRICS:
        found = estimate_score(metric, truth[one], who.of(one), COSTS)
        assert np.isfinite(found.value)
        assert found.interval.low is None


def test_a_perfect_model_is_not_surely_perfect():
    truth, _ = made(200)
    p = np.eye(4)[truth]
    who = ClassAnswers(CLASSES, truth, p)
    for metric in METRICS:
        found = estimate_score(metric, truth, who, COSTS).interval
        assert (found.high if metric in LOWER_IS_BETTER else 1 - found.low) > 0.005, metric


def test_row_values_average_to_the_score():
    truth, who = made(100)
    for metric in MEAN_METRICS:
        assert row_values(metric, truth, who, COSTS).mean() == pytest.approx(
            point_score(metric, truth, who, COSTS)
        )
