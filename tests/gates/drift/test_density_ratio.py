"""Weights by a classifier: even where nothing moved, and right where something did."""

import numpy as np
import pytest

from assay.gates.drift import feature_rows
from assay.gates.drift.feature_rows import ReferenceRange
from assay.gates.drift.importance_weights import measure_density_ratio


def sides(seed, shift=0.0, rows=(900, 500)):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows[0], 2)), rng.normal(shift, 1, size=(rows[1], 2))


def test_alike_sides_are_seldom_told_apart():
    found = [measure_density_ratio(*sides(seed)) for seed in range(12)]
    assert sum(one.has_moved for one in found) <= 2  # each by chance in 1 of 40
    assert np.mean([one.auc.value for one in found]) == pytest.approx(0.5, abs=0.02)


def test_weighted_reference_rows_have_the_current_means_and_no_order_matters():
    old, new = sides(1, shift=0.7, rows=(4000, 2000))
    found = measure_density_ratio(old, new)
    assert found.has_moved
    assert found.has_support
    means = np.average(old, axis=0, weights=found.weights)
    assert means == pytest.approx(new.mean(axis=0), abs=0.12)
    mixed = np.random.default_rng(2).permutation(len(old))
    again = measure_density_ratio(old[mixed], new[::-1])
    assert again.weights == pytest.approx(found.weights[mixed])


def test_rows_without_their_like_are_not_supported():
    found = measure_density_ratio(*sides(1, shift=5.0))
    assert found.capped_share > 0.5
    assert not found.has_support


def test_folds_do_not_share_what_is_sorted():
    rows = np.arange(1000.0).reshape(-1, 1)
    ranks = rows[feature_rows.shuffled_order(rows)][::2, 0]
    assert len(set((np.diff(np.sort(ranks)))[:50])) > 1  # not each second row


def test_what_the_reference_never_held_lies_outside():
    rng = np.random.default_rng(0)
    rows = np.column_stack([rng.normal(size=5000), rng.integers(0, 3, 5000).astype(float)])
    held = ReferenceRange.from_rows(rows, [False, True])
    odd = np.array([[9.0, 0.0], [-9.0, 1.0], [0.0, 3.0], [np.nan, 0.0], [0.0, 0.0], [0.5, 2.0]])
    assert held.outside(odd).tolist() == [True, True, True, True, False, False]
    assert held.unlike_share(rows) == 0.0
    assert held.unlike_share(odd) == pytest.approx(4 / 6 - held.usual_share)
    assert 0 < held.usual_share < 0.005
