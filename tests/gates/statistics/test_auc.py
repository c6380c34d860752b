"""DeLong's variance against its definition, and its edges."""

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from assay.gates.statistics.auc import (
    auc_limits,
    delong_covariance,
    roc_auc,
    roc_auc_difference,
    sum_placements,
)

rows = st.lists(st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 6)), min_size=6).filter(
    lambda r: 2 <= sum(t for t, _, _ in r) <= len(r) - 2
)


def by_definition(truth, scores):
    """DeLong, DeLong & Clarke-Pearson (1988), equations 2 to 6, over all pairs of rows."""
    x, y = scores[:, truth], scores[:, ~truth]
    wins = (x[:, :, None] > y[:, None, :]) + 0.5 * (x[:, :, None] == y[:, None, :])
    v10, v01 = wins.mean(axis=2), wins.mean(axis=1)
    return wins.mean(axis=(1, 2)), np.cov(v10) / x.shape[1] + np.cov(v01) / y.shape[1]


@given(rows)
@settings(max_examples=60)
def test_midranks_give_delongs_definition(found):
    truth = np.array([t for t, _, _ in found])
    scores = np.array([[a for _, a, _ in found], [b for _, _, b in found]], dtype=float)
    areas, covariance = delong_covariance(truth, scores)
    expected, spread = by_definition(truth, scores)
    np.testing.assert_allclose(areas, expected, atol=1e-12)
    np.testing.assert_allclose(covariance, spread, atol=1e-12)
    assert areas[0] == pytest.approx(roc_auc_score(truth, scores[0]))


@given(rows)
@settings(max_examples=60)
def test_intervals_hold_their_estimate_and_stay_in_range(found):
    truth = np.array([t for t, _, _ in found])
    a, b = np.array([[a for _, a, _ in found], [b for _, _, b in found]], dtype=float)
    one = roc_auc(truth, a)
    assert 0 <= one.interval.low <= one.value <= one.interval.high <= 1
    there, back = roc_auc_difference(truth, a, b), roc_auc_difference(truth, b, a)
    assert -1 <= there.interval.low <= there.value + 1e-12
    assert there.interval.low == pytest.approx(-back.interval.high)


def test_a_perfect_ranking_of_few_rows_is_not_taken_for_certain():
    few, many = (np.array([False, True] * n) for n in (5, 500))
    assert roc_auc(few, few.astype(float)).interval.low < 0.8
    assert roc_auc(many, many.astype(float)).interval.low > 0.99
    assert roc_auc([True, False], [1, 0]).interval.low < 0.3


def test_a_constant_score_is_chance_for_certain():
    found = roc_auc([True, False] * 20, [0.3] * 40)
    assert (found.value, found.interval.low, found.interval.high) == (0.5, 0.5, 0.5)


def test_a_model_does_not_differ_from_itself():
    truth, score = np.array([True, False] * 20), np.random.default_rng(0).random(40)
    found = roc_auc_difference(truth, score, score**3)
    assert (found.value, found.interval.low, found.interval.high) == (0, 0, 0)


def test_two_perfect_rankings_of_few_rows_may_still_differ():
    truth = np.array([True, False] * 5)
    found = roc_auc_difference(truth, truth * 1.0, truth + np.arange(10) / 100)
    assert found.interval.low < -0.1 < 0.1 < found.interval.high


def test_the_interval_covers_as_often_as_it_says():
    # Binormal scores one deviation apart: AUC = Phi(1 / sqrt 2) = .7602.
    rng = np.random.default_rng(0)
    truth = np.arange(60) < 20
    hits = 0
    for _ in range(300):
        found = roc_auc(truth, rng.normal(size=60) + truth).interval
        hits += found.low <= 0.7602 <= found.high
    assert hits / 300 > 0.92


@pytest.mark.parametrize(("positives", "area"), [(10, 0.92), (10, 0.98), (20, 0.98)])
def test_the_lower_limit_of_a_good_ranking_of_few_rows_is_not_too_high(positives, area):
    # Binormal scores; 2.5 of 100 are meant to lie above the truth, DeLong's alone 7 to 11.
    apart = NormalDist().inv_cdf(area) * 2**0.5
    rng = np.random.default_rng(1)
    truth = np.arange(200 + positives) < positives
    lows = [
        roc_auc(truth, rng.normal(size=len(truth)) + apart * truth).interval.low for _ in range(400)
    ]
    assert sum(low > area for low in lows) / 400 < 0.04


@pytest.mark.parametrize(("positives", "areas"), [(10, (0.98, 0.95)), (20, (0.92, 0.92))])
def test_the_lead_of_a_good_ranking_on_few_rows_is_not_taken_for_small(positives, areas):
    apart = [NormalDist().inv_cdf(area) * 2**0.5 for area in areas]
    rng = np.random.default_rng(2)
    truth = np.arange(200 + positives) < positives
    missed = np.zeros(2)
    for _ in range(300):
        alike, *own = rng.normal(size=(3, len(truth)))
        score, rival = (0.9 * alike + 0.44 * o + a * truth for o, a in zip(own, apart, strict=True))
        found = roc_auc_difference(truth, score, rival).interval
        missed += [found.low > areas[0] - areas[1], found.high < areas[0] - areas[1]]
    assert (missed / 300 < 0.05).all()


def test_one_class_has_no_curve():
    with pytest.raises(ValueError, match="both classes"):
        roc_auc([True, True], [0.1, 0.2])


counted = st.lists(
    st.tuples(st.integers(0, 2), st.booleans(), st.integers(0, 5), st.integers(1, 3)), min_size=1
)


@given(counted)
@settings(max_examples=80)
def test_groups_at_once_and_counted_rows_give_what_each_groups_rows_give(found):
    group, truth, score, rows = map(np.array, zip(*sorted(found, key=lambda r: r[2]), strict=True))
    together = sum_placements(group, score, truth, rows.astype(float), 4)
    low, high = auc_limits(together)
    for i in range(4):
        here = np.repeat(np.flatnonzero(group == i), rows[group == i])
        if not 0 < truth[here].sum() < len(here):
            assert np.isnan([low[i], high[i]]).all()
            continue
        alone = roc_auc(truth[here], score[here])
        area = together.of_positives[i] / together.positives[i]
        assert area == pytest.approx(alone.value, abs=1e-12)
        assert area == pytest.approx(together.of_negatives[i] / together.negatives[i])
        assert low[i] == pytest.approx(alone.interval.low, abs=1e-9)
        assert high[i] == pytest.approx(alone.interval.high, abs=1e-9)


def test_no_rows_have_no_area():
    nothing = np.empty(0, dtype=int)
    found = sum_placements(nothing, nothing, nothing.astype(bool), nothing.astype(float), 2)
    assert np.isnan(auc_limits(found)).all()
