"""Quantiles: the interval holds the quantile, and is open where too few values tell."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.gates.statistics.quantiles import quantile


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200), st.sampled_from([0.5, 0.95]))
def test_the_interval_holds_the_estimate(values, share):
    found = quantile(values, share)
    low, high = found.interval.low, found.interval.high
    assert low is None or low <= found.value
    assert high is None or found.value <= high


def test_the_95th_percentile_has_an_upper_limit_from_72_values_on():
    values = np.arange(100.0)
    assert quantile(values[:71], 0.95).interval.high is None
    assert quantile(values[:72], 0.95).interval.high == 71
    with pytest.raises(ValueError, match="needs values"):
        quantile([], 0.5)


def test_it_covers_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(300):
        found = quantile(rng.exponential(size=200), 0.95).interval
        hits += found.low <= np.log(20) <= found.high
    assert hits >= 273  # binomial(300, .95) is below once in 500 times
