"""How far the next of a few distances may lie: right for all that distances may be like."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from assay.gates.statistics.prediction_interval import next_distance_limit

SEVERAL = st.lists(st.floats(0.001, 0.5), min_size=2, max_size=12)


@pytest.mark.parametrize("directions", [1, 2, 5])
@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_the_next_exceeds_it_once_in_forty(directions, noise):
    """Areas under ROC curves of normal shifts in so many directions, less one half."""
    rng = np.random.default_rng(0)
    shift = np.linalg.norm(rng.normal(size=(4000, 9, directions)), axis=2)
    found = norm.cdf(0.2 * shift) - 0.5 + noise * rng.normal(size=shift.shape)
    over = [row[8] > next_distance_limit(row[:8]) for row in found]
    assert 0.005 < np.mean(over) < 0.035


@given(SEVERAL, st.floats(0.1, 3))
def test_it_scales_with_the_distances(distances, scale):
    scaled = next_distance_limit(np.array(distances) * scale)
    assert scaled == pytest.approx(scale * next_distance_limit(distances), rel=1e-6)


@given(SEVERAL)
def test_it_is_no_less_than_what_is_usual(distances):
    assert next_distance_limit(distances) >= np.mean(np.array(distances) ** (2 / 3)) ** 1.5 - 1e-12


def test_equal_distances_are_expected_again_and_one_says_nothing():
    assert next_distance_limit([0.1] * 8) == pytest.approx(0.1)
    assert np.isnan(next_distance_limit([0.1]))
