"""Intervals against published figures, and laws that hold for all counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.weightstats import DescrStatsW

from assay.gates.report import Interval, Verdict
from assay.gates.statistics.intervals import (
    inside_margins,
    outside_margins,
    verdict_at_least,
    verdict_at_most,
)
from assay.gates.statistics.means import mean_estimate
from assay.gates.statistics.proportions import (
    newcombe_limits,
    wilson_interval,
)

shares = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_the_published_intervals(k, n, low, high):
    found = wilson_interval(k, n)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    # Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 10.
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((0, 10, 0, 10), -0.2775, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ],
)
def test_newcombe_gives_the_published_intervals(counts, low, high):
    found = newcombe_limits(*counts)
    assert found == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(shares, shares)
def test_a_difference_turned_round_turns_its_interval_round(one, two):
    (low, high), back = newcombe_limits(*one, *two), newcombe_limits(*two, *one)
    assert (low, high) == (pytest.approx(-back[1], abs=1e-12), pytest.approx(-back[0], abs=1e-12))
    assert -1 - 1e-12 <= low <= one[0] / one[1] - two[0] / two[1] + 1e-12 <= high + 2e-12


@given(shares)
def test_a_higher_level_holds_the_lower_one(share):
    narrow, wide = wilson_interval(*share, level=0.8), wilson_interval(*share, level=0.99)
    assert wide.low <= narrow.low + 1e-12
    assert narrow.high <= wide.high + 1e-12


def test_no_rows_tell_nothing():
    assert wilson_interval(0, 0) == Interval(low=0, high=1)
    assert newcombe_limits(0, 0, 3, 9) == (-1, 1)
    low, high = newcombe_limits([0, 5], [0, 10], 3, 9)
    assert (low[0], high[0]) == (-1, 1)
    assert -1 < low[1] < high[1] < 1


@pytest.mark.parametrize(
    ("low", "high", "inside", "outside"),
    [
        (-0.09, 0.1, True, False),
        (0.11, 0.2, False, True),
        (-0.3, -0.11, False, True),
        (-0.2, 0.0, False, False),
        (0.1, 0.3, False, False),
        (np.nan, 0.0, False, False),
        (np.nan, np.nan, False, False),
    ],
)
def test_equivalence_is_decided_by_the_whole_interval(low, high, inside, outside):
    limits, margins = (np.array([low]), np.array([high])), (np.array([-0.1]), np.array([0.1]))
    assert inside_margins(limits, margins).tolist() == [inside]
    assert outside_margins(limits, margins).tolist() == [outside]


def test_an_interval_inside_its_margins_is_two_one_sided_tests():
    # statsmodels' ttost_mean tests the same claim by p-values.
    rng = np.random.default_rng(0)
    for shift in (0.0, 0.1, 0.15, 0.2):
        values = rng.normal(shift, 1, 200)
        found = mean_estimate(values, 0.9).interval
        limits = np.array([found.low]), np.array([found.high])
        inside = bool(inside_margins(limits, (np.array([-0.2]), np.array([0.2])))[0])
        assert inside == (DescrStatsW(values).ttost_mean(-0.2, 0.2)[0] <= 0.05)


def test_limits_are_decided_by_the_whole_interval():
    seen = Interval(low=0.7, high=0.8)
    assert [verdict_at_least(seen, x) for x in (0.7, 0.75, 0.81)] == ["pass", "unknown", "fail"]
    assert [verdict_at_most(seen, x) for x in (0.8, 0.75, 0.69)] == ["pass", "unknown", "fail"]
    assert verdict_at_least(Interval(low=None, high=0.6), 0.7) is Verdict.FAIL
    assert verdict_at_most(Interval(low=None, high=0.6), 0.7) is Verdict.PASS
