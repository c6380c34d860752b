import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.gates.statistics.nearest_neighbours import (
    bayes_error_bound,
    neighbour_errors,
    neighbour_errors_1d,
)


@given(st.floats(0, 0.5))
def test_the_bound_solves_cover_and_hart_s_inequality(error):
    bound = float(bayes_error_bound(error))
    assert bound <= error
    assert 2 * bound * (1 - bound) == pytest.approx(error, abs=1e-9)


def test_more_than_a_coin_s_error_bounds_like_a_coin():
    assert bayes_error_bound(0.7) == 0.5


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25)
def test_neighbours_on_a_line_are_those_in_one_dimension(seed):
    rng = np.random.default_rng(seed)
    known, asked = rng.permutation(400)[:200] / 8.0, rng.permutation(400)[:50] / 8.0 + 1 / 32
    labels, truth = rng.random(200) < 0.5, rng.random(50) < 0.5
    line = neighbour_errors_1d(known, labels, asked, truth)
    plane = neighbour_errors(known[:, None], labels, asked[:, None], truth, [100, 200])
    np.testing.assert_array_equal(line, plane[1])
    first = neighbour_errors_1d(known[:100], labels[:100], asked, truth)
    np.testing.assert_array_equal(first, plane[0])


def test_the_bound_lies_below_the_bayes_error_of_known_classes():
    # Two normal classes 2 apart: the Bayes error is Phi(-1) = .1587.
    rng = np.random.default_rng(0)
    truth = rng.random(20_000) < 0.5
    points = rng.normal(size=20_000) + 2 * truth
    errors = neighbour_errors_1d(points[5000:], truth[5000:], points[:5000], truth[:5000])
    assert 0.11 < float(bayes_error_bound(errors.mean())) < 0.1587
