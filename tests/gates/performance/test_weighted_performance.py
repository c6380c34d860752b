"""Scores of rows that were drawn with unequal chances: scikit-learn's, with honest intervals."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from assay.config.gates import BinaryMetric, ErrorCosts, Performance
from assay.gates.performance import calibration, threshold_costs
from assay.gates.performance.gate import judge_performance
from assay.gates.performance.point_scores import ModelPredictions, point_score
from assay.gates.performance.scores import estimate_score, score_difference
from assay.gates.statistics.cluster_errors import Clusters, find_clusters

COST = ErrorCosts(false_positive=2, false_negative=1)
SCORES = get_args(BinaryMetric)
KINDS = ("roc_auc", "average_precision", "log_loss", "recall", "f1")  # one for each formula


def sample(rows=400, seed=0, spread=0.8):
    """Rows of a population, drawn the less likely the larger x is, with inverse chances as weights:
    where x is large, answers are worse.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows * 8)
    kept = np.flatnonzero(rng.random(len(x)) < np.minimum(0.5 * np.exp(-spread * x), 1.0))[:rows]
    x = x[kept]
    weights = 1 / np.minimum(0.5 * np.exp(-spread * x), 1.0)
    signal = rng.normal(size=len(x))
    truth = rng.random(len(x)) < 1 / (1 + np.exp(-signal - 0.3 * x))
    probability = 1 / (1 + np.exp(-signal - (x > 0.5) * rng.normal(size=len(x))))
    return truth, ModelPredictions(probability, probability > 0.5), weights


def answers(truth, who, **columns):
    return pd.DataFrame(
        {"truth": truth, "probability": who.probability, "decision": who.decision, **columns}
    )


@pytest.mark.parametrize("metric", SCORES)
def test_every_score_is_scikit_learns_with_sample_weight(metric):
    truth, who, weights = sample()
    functions = {
        "roc_auc": lambda: sk.roc_auc_score(truth, who.probability, sample_weight=weights),
        "average_precision": lambda: sk.average_precision_score(
            truth, who.probability, sample_weight=weights
        ),
        "log_loss": lambda: sk.log_loss(truth, who.probability, sample_weight=weights),
        "brier": lambda: sk.brier_score_loss(truth, who.probability, sample_weight=weights),
        "cost": lambda: np.average(
            2 * (who.decision & ~truth) + (~who.decision & truth), weights=weights
        ),
    }
    expected = functions.get(
        metric,
        lambda: getattr(sk, f"{metric}_score")(truth, who.decision, sample_weight=weights),
    )()
    clusters = find_clusters(None, "", weights)
    assert estimate_score(metric, truth, who, COST, clusters=clusters).value == pytest.approx(
        expected, abs=1e-12
    )


@pytest.mark.parametrize("metric", KINDS)
def test_intervals_of_weighted_scores_cover_the_populations_score(metric):
    truth, who, weights = sample(30_000, seed=1)
    true = point_score(metric, truth, who, COST, weights)
    hits = 0
    for seed in range(100, 140):
        truth, who, weights = sample(300, seed)
        clusters = find_clusters(None, "", weights)
        found = estimate_score(metric, truth, who, COST, clusters=clusters).interval
        hits += found.low <= true <= found.high
    assert hits >= 33  # binomial(40, .95) falls below once in 3,000 times


@pytest.mark.parametrize("metric", KINDS)
def test_the_standard_error_is_that_of_drawing_rows_with_their_weights(metric):
    truth, who, weights = sample(600, seed=3)
    other = ModelPredictions(who.probability[::-1] * 0.3 + 0.7 * who.probability, who.decision)
    other = ModelPredictions(other.probability, other.probability > 0.5)
    clusters = find_clusters(None, "", weights)
    found = estimate_score(metric, truth, who, COST, clusters=clusters).interval
    paired = score_difference(metric, truth, who, other, COST, clusters=clusters).interval
    rng, drawn, gaps = np.random.default_rng(0), [], []
    for _ in range(120):
        i = rng.integers(0, len(truth), len(truth))
        one, two = (
            point_score(
                metric,
                truth[i],
                ModelPredictions(m.probability[i], m.decision[i]),
                COST,
                weights[i],
            )
            for m in (who, other)
        )
        drawn.append(one)
        gaps.append(one - two)
    assert found.high - found.low == pytest.approx(3.92 * np.std(drawn), rel=0.3)
    assert paired.high - paired.low == pytest.approx(3.92 * np.std(gaps), rel=0.3)


@pytest.mark.parametrize("metric", SCORES)
def test_equal_weights_and_their_scale_change_nothing(metric):
    truth, who, weights = sample(300)
    codes = np.arange(len(truth))

    def limits(of):
        found = estimate_score(metric, truth, who, COST, clusters=Clusters(codes, "", of))
        return (found.value, found.interval.low, found.interval.high)

    assert limits(weights) == pytest.approx(limits(1000 * weights), rel=1e-9)
    alone = estimate_score(metric, truth, who, COST, clusters=Clusters(codes, "rows"))
    assert limits(np.ones(len(truth))) == pytest.approx(
        (alone.value, alone.interval.low, alone.interval.high), rel=1e-9
    )


def test_calibration_counts_rows_by_their_weights():
    import statsmodels.api as sm

    truth, who, weights = sample(800)
    clusters = find_clusters(None, "", weights)
    found = calibration.calibration_measures(truth, who.probability, clusters)
    ratio = np.average(who.probability, weights=weights) / np.average(truth, weights=weights)
    assert found[calibration.IN_THE_LARGE].value == pytest.approx(ratio)
    logit = np.log(who.probability / (1 - who.probability))
    fitted = sm.GLM(
        truth.astype(float),
        sm.add_constant(logit),
        family=sm.families.Binomial(),
        var_weights=weights,
    ).fit()
    assert found[calibration.SLOPE].value == pytest.approx(fitted.params[-1], rel=1e-6)
    # Its error by hand: the sandwich of the weighted scores.
    design = sm.add_constant(logit)
    expected = fitted.fittedvalues
    scores = design * ((truth - expected) * weights)[:, None]
    bread = np.linalg.inv((design * (weights * expected * (1 - expected))[:, None]).T @ design)
    error = np.sqrt((bread @ (scores.T @ scores) @ bread)[1, 1])
    interval = found[calibration.SLOPE].interval
    assert interval.high - interval.low == pytest.approx(3.92 * error, rel=0.02)


def test_costs_by_threshold_count_rows_by_their_weights():
    truth, who, weights = sample(300)
    clusters = find_clusters(None, "", weights)
    found = threshold_costs.compute_costs(truth, who, COST, regret=0.1, clusters=clusters)
    for at in (0, 40, len(found.thresholds) - 1):
        decision = who.probability >= found.thresholds[at]
        cost = np.average(2 * (decision & ~truth) + (~decision & truth), weights=weights)
        assert found.costs[at] == pytest.approx(cost)
    low, high = (getattr(found.cheapest_threshold.interval, side) for side in ("low", "high"))
    assert 0 <= low <= high <= 1


def report(truth, who, weights=None, **columns):
    frame = answers(truth, who, **columns)
    asked = Performance(cost=COST)
    return judge_performance(frame, asked, subject="m", prevalence=0.5, weights=weights)


def test_the_report_says_how_many_equal_rows_the_weighted_ones_are_worth():
    truth, who, weights = sample(600)
    told = report(truth, who, weights, sex=np.where(np.arange(600) % 2, "F", "M"))
    worth = f"{weights.sum() ** 2 / (weights**2).sum():,.0f}"
    assert told.summary.endswith(f"600 test rows, as much as {worth} equal ones.")
    assert any(f"as much as {worth} equal ones" in note for note in told.notes)
    confusion = next(sheet for sheet in told.sheets if sheet.title == "Confusion matrix")
    assert sum(sum(row[1:3]) for row in confusion.rows) == pytest.approx(600)
    assert "weight" not in report(truth, who).model_dump_json()


def test_too_few_positives_are_counted_by_what_their_weights_are_worth():
    truth, who, _ = sample(300)
    weights = np.where(truth, 1e-6, 1.0)
    weights[np.flatnonzero(truth)[:3]] = 1.0  # three positives carry all of their class
    told = report(truth, who, weights)
    beats = next(check for check in told.checks if check.name == "beats_dummy")
    assert beats.verdict == "unknown"
    assert "3 positives" in beats.remedy
