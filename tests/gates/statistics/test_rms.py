"""The root mean square of errors seen through noise: none is found where there is none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.gates.statistics.rms import root_mean_square

WEIGHTS = np.full(10, 0.1)


def drawn(seed, true):
    """Ten noisy errors, their variances, and the root mean square that lies behind them."""
    rng = np.random.default_rng(seed)
    variances = rng.uniform(1e-4, 8e-4, 10)
    behind = rng.normal(size=10)
    behind *= true / np.sqrt((WEIGHTS * behind**2).sum())
    return behind + rng.normal(size=10) * np.sqrt(variances), variances


@pytest.mark.parametrize("true", [0.0, 0.02, 0.1])
def test_it_covers_as_often_as_it_says(true):
    found = [root_mean_square(*drawn(seed, true), WEIGHTS).interval for seed in range(200)]
    hits = sum(i.low - 1e-12 <= true <= i.high for i in found)
    assert hits >= 180  # binomial(200, .95) is below once in 700 times


def test_noise_alone_is_no_error_and_is_no_certainty():
    found = root_mean_square(np.zeros(10), np.full(10, 1e-4), WEIGHTS)
    assert found.value == 0
    assert found.interval.low == 0
    assert found.interval.high > 0.004


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(1e-8, 1)), min_size=1, max_size=12))
def test_the_interval_is_ordered_and_larger_errors_are_never_less(pairs):
    errors, variances = np.array(pairs).T
    weights = np.full(len(pairs), 1 / len(pairs))
    one, two = (root_mean_square(times * errors, variances, weights) for times in (1, 2))
    assert 0 <= one.interval.low <= one.interval.high
    assert one.value <= two.value
    assert one.interval.low <= two.interval.low + 1e-9


def test_as_much_as_noise_brings_on_average_is_no_error():
    variances = np.linspace(1e-4, 9e-4, 10)
    assert root_mean_square(np.sqrt(variances), variances, WEIGHTS).value == pytest.approx(0)
    found = root_mean_square(np.sqrt(variances + 0.01), variances, WEIGHTS)
    assert found.value == pytest.approx(0.1)


def test_no_noise_is_no_statistic():
    with pytest.raises(ValueError, match="without noise"):
        root_mean_square([0.1], [0.0], [1.0])
