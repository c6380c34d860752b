"""Means, from rows and from sums."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.weightstats import DescrStatsW

from assay.gates.report import Interval
from assay.gates.statistics.means import bounded_mean, mean_estimate, mean_limits
from assay.gates.statistics.proportions import wilson_limits

values = st.lists(st.floats(0, 1, width=16), min_size=2, max_size=30)


def test_a_mean_has_students_interval():
    found = mean_estimate([1.0, 2.0, 3.0, 4.0])
    half = 3.182446 * math.sqrt(5 / 3) / 2  # t(.975, 3), from any table
    assert found.value == 2.5
    assert found.interval.low == pytest.approx(2.5 - half, abs=1e-5)
    assert mean_estimate([1.0]).interval == Interval(low=None, high=None)
    assert np.isfinite(found.interval.high)


@given(values)
def test_a_mean_of_rows_has_statsmodels_interval(held):
    low, high = DescrStatsW(held).tconfint_mean(0.1)
    found = mean_estimate(held, 0.9).interval
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


@given(values)
def test_sums_give_what_the_rows_give(held):
    v = np.array(held)
    low, high = mean_limits(len(v), v.sum(), (v**2).sum(), (0.0, 1.0))
    expected = bounded_mean(v, 0.0, 1.0).interval
    if 0 < np.ptp(v) < 1e-3:  # a spread of which the sums keep few digits
        return
    assert low == pytest.approx(expected.low, abs=1e-6)
    assert high == pytest.approx(expected.high, abs=1e-6)


@given(st.integers(2, 500), st.floats(0, 1))
def test_equal_values_are_not_taken_for_certain(n, value):
    found = bounded_mean([value] * n, 0.0, 1.0).interval
    assert 0 <= found.low <= value <= found.high <= 1
    # As sure as a share of which none of n rows was seen.
    assert found.high - found.low == pytest.approx(float(wilson_limits(0, n)[1]))


def test_fewer_than_two_values_have_no_interval():
    low, high = mean_limits([0, 1], [0, 0.5], [0, 0.25], (0.0, 1.0))
    assert np.isnan([*low, *high]).all()
