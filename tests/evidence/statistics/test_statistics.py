"""Intervals against published figures, and laws that hold for all counts."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.evidence.report import Interval, Verdict
from assay.evidence.statistics import (
    at_least,
    at_most,
    benjamini_hochberg,
    detectable_gap,
    holm,
    mean,
    newcombe,
    newcombe_limits,
    rows_to_detect,
    smallest,
    wilson,
    within,
)

shares = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))

# Benjamini & Hochberg, J. R. Stat. Soc. B 57 (1995), section 3.2.
MYOCARDIAL = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
]


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
    found = wilson(k, n)
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
    found = newcombe(*counts)
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(shares, shares)
def test_a_difference_turned_round_turns_its_interval_round(one, two):
    there, back = newcombe(*one, *two), newcombe(*two, *one)
    assert there.low == pytest.approx(-back.high, abs=1e-12)
    assert there.high == pytest.approx(-back.low, abs=1e-12)
    assert (
        -1 - 1e-12 <= there.low <= one[0] / one[1] - two[0] / two[1] + 1e-12 <= there.high + 2e-12
    )


@given(shares)
def test_a_higher_level_holds_the_lower_one(share):
    narrow, wide = wilson(*share, level=0.8), wilson(*share, level=0.99)
    assert wide.low <= narrow.low + 1e-12
    assert narrow.high <= wide.high + 1e-12


def test_no_rows_tell_nothing():
    assert wilson(0, 0) == Interval(low=0, high=1)
    assert newcombe(0, 0, 3, 9) == Interval(low=-1, high=1)
    low, high = newcombe_limits([0, 5], [0, 10], 3, 9)
    assert (low[0], high[0]) == (-1, 1)
    assert -1 < low[1] < high[1] < 1


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (-0.09, 0.1, Verdict.PASS),
        (0.11, 0.2, Verdict.FAIL),
        (-0.3, -0.11, Verdict.FAIL),
        (-0.2, 0.0, Verdict.UNKNOWN),
        (0.1, 0.3, Verdict.UNKNOWN),
        (None, 0.0, Verdict.UNKNOWN),
        (None, None, Verdict.UNKNOWN),
    ],
)
def test_equivalence_is_decided_by_the_whole_interval(low, high, verdict):
    assert within(Interval(low=low, high=high), 0.1) is verdict


def test_limits_are_decided_by_the_whole_interval():
    seen = Interval(low=0.7, high=0.8)
    assert [at_least(seen, x) for x in (0.7, 0.75, 0.81)] == ["pass", "unknown", "fail"]
    assert [at_most(seen, x) for x in (0.8, 0.75, 0.69)] == ["pass", "unknown", "fail"]
    assert at_least(Interval(low=None, high=0.6), 0.7) is Verdict.FAIL
    assert at_most(Interval(low=None, high=0.6), 0.7) is Verdict.PASS


def test_corrections_reject_what_their_authors_rejected():
    assert (benjamini_hochberg(MYOCARDIAL) <= 0.05).sum() == 4
    assert (holm(MYOCARDIAL) <= 0.05).sum() == 3
    assert len(holm([])) == 0


def test_a_detectable_gap_is_the_one_that_a_textbook_plans_for():
    # Fleiss, Levin & Paik (2003), section 4.2: .25 against .40 at alpha .01, power .95 needs 357
    # a group, continuity correction included; the correction is taken off again here.
    uncorrected = next(
        n for n in range(1, 400) if n / 4 * (1 + math.sqrt(1 + 4 / (n * 0.15))) ** 2 >= 357
    )
    found = detectable_gap(uncorrected, uncorrected, rate=0.25, alpha=0.01, power=0.95)
    assert found == pytest.approx(0.15, abs=1e-4)
    assert rows_to_detect(0.15, uncorrected, rate=0.25, alpha=0.01, power=0.95) == pytest.approx(
        uncorrected, abs=1
    )


@given(st.integers(20, 2000), st.integers(20, 2000), st.floats(0.02, 0.98))
def test_more_rows_detect_smaller_gaps(rows, reference, rate):
    few, many = (detectable_gap(k * rows, k * reference, rate=rate) for k in (1, 4))
    assert many is not None
    assert few is None or many < few


def test_what_no_number_of_rows_can_tell_is_none():
    assert detectable_gap(2, 2) is None
    assert detectable_gap(0, 100) is None
    assert rows_to_detect(0.001, 100) is None


@given(st.integers(1, 10**6))
def test_the_smallest_is_found(number):
    assert smallest(lambda n: n >= number) == number
    assert smallest(lambda n: False) is None


def test_a_mean_has_students_interval():
    found = mean([1.0, 2.0, 3.0, 4.0])
    half = 3.182446 * math.sqrt(5 / 3) / 2  # t(.975, 3), from any table
    assert found.value == 2.5
    assert found.interval.low == pytest.approx(2.5 - half, abs=1e-5)
    assert mean([1.0]).interval == Interval(low=None, high=None)
    assert np.isfinite(found.interval.high)
