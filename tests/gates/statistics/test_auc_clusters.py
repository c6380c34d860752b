"""Rows of one person are one piece of evidence."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.gates.statistics.auc import delong_covariance, roc_auc, roc_auc_difference
from assay.gates.statistics.auc_clusters import clustered_delong_covariance


def drawn(seed, rows=60):
    rng = np.random.default_rng(seed)
    truth = np.arange(rows) % 3 == 0
    return truth, rng.normal(size=(2, rows)) + truth


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_rows_of_their_own_have_nearly_delongs_variance(seed):
    truth, scores = drawn(seed)
    areas, covariance = clustered_delong_covariance(truth, scores, np.arange(60))
    plain, expected = delong_covariance(truth, scores)
    np.testing.assert_allclose(areas, plain, atol=1e-12)
    # The classes' variances are divided by m - 1 and n - 1 there, by one factor for all here.
    np.testing.assert_allclose(covariance, expected, rtol=0.06, atol=2e-4)


@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
@settings(max_examples=30)
def test_copies_of_rows_add_no_certainty(seed, copies):
    truth, scores = drawn(seed)
    once = clustered_delong_covariance(truth, scores, np.arange(60))[1]
    again = clustered_delong_covariance(
        np.tile(truth, copies), np.tile(scores, copies), np.tile(np.arange(60), copies)
    )[1]
    np.testing.assert_allclose(again, once, rtol=1e-9)


def test_intervals_of_clusters_are_wider_than_of_rows():
    truth, scores = drawn(0)
    units = np.arange(60) // 3
    truth, scores, units = np.tile(truth, 4), np.tile(scores, 4), np.tile(units, 4)
    narrow, wide = roc_auc(truth, scores[0]), roc_auc(truth, scores[0], units=units)
    assert narrow.value == wide.value
    assert wide.interval.low < narrow.interval.low
    gap = roc_auc_difference(truth, scores[0], scores[1], units=units).interval
    rows = roc_auc_difference(truth, scores[0], scores[1]).interval
    assert gap.high - gap.low > rows.high - rows.low


def test_the_interval_covers_as_often_as_it_says_when_people_come_in_threes():
    # A person's shift of variance 1 beside noise of variance 1: the AUC is Phi(1 / 2) = .6915.
    rng, hits = np.random.default_rng(0), 0
    units = np.repeat(np.arange(60), 3)
    for _ in range(200):
        truth = (np.arange(60) < 25)[units]
        score = truth + rng.normal(size=60)[units] + rng.normal(size=180)
        found = roc_auc(truth, score, units=units).interval
        hits += found.low <= 0.6915 <= found.high
    assert hits / 200 > 0.9


def test_positives_of_one_unit_do_not_look_sure():
    # What that unit has in common, 1 of variance, moves all positives together.
    rng, hits = np.random.default_rng(0), 0
    truth, units = np.arange(300) < 40, np.maximum(np.arange(300), 39)
    for _ in range(100):
        score = rng.normal(size=300) + truth * rng.normal()
        found = roc_auc(truth, score, units=units).interval
        hits += found.low <= 0.5 <= found.high
    assert hits >= 90


def test_two_perfect_rankings_of_few_units_are_as_unsure_as_the_units_are_few():
    truth, units = np.arange(60) < 30, np.arange(60) // 10
    one, two = np.where(truth, 100, 0) + np.arange(60), np.where(truth, 100, 0) - np.arange(60)
    of_units, of_rows = (roc_auc_difference(truth, one, two, units=u) for u in (units, None))
    assert of_units.interval.high > 4 * of_rows.interval.high
