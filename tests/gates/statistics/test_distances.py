"""Distances of distributions, held against SciPy on the raw rows and against their formulas."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from assay.gates.statistics.distances import (
    chi_square,
    jensen_shannon,
    kolmogorov_smirnov,
    population_stability_index,
    wasserstein,
)

COUNTS = st.lists(st.integers(0, 500), min_size=2, max_size=12)


def counted(values):
    return np.unique(values, return_counts=True)


@pytest.fixture
def samples():
    rng = np.random.default_rng(3)
    return rng.normal(0, 1, 900).round(2), rng.normal(0.4, 1.3, 700).round(2)


def test_ks_and_wasserstein_from_counts_equal_scipy_on_rows(samples):
    a, b = samples
    assert kolmogorov_smirnov(*counted(a), *counted(b)) == pytest.approx(
        stats.ks_2samp(a, b).statistic, abs=1e-12
    )
    assert wasserstein(*counted(a), *counted(b)) == pytest.approx(
        stats.wasserstein_distance(a, b), rel=1e-9
    )


def test_chi_square_equals_scipys():
    table = np.array([[30, 20, 0, 50], [10, 25, 0, 40]])
    expected = stats.chi2_contingency(table[:, [0, 1, 3]], correction=False).statistic
    assert chi_square(*table) == pytest.approx(expected)
    assert chi_square([5, 0], [9, 0]) == 0


def test_jensen_shannon_follows_its_definition():
    p, q = np.array([0.5, 0.5, 0.0]), np.array([0.25, 0.25, 0.5])
    m = (p + q) / 2

    def kl(a):
        return sum(x * math.log2(x / y) for x, y in zip(a, m, strict=True) if x)

    assert jensen_shannon(p * 80, q * 40) == pytest.approx(math.sqrt((kl(p) + kl(q)) / 2))


def test_population_stability_follows_siddiqi():
    # (0.3 - 0.2) ln(0.3 / 0.2) + (0.7 - 0.8) ln(0.7 / 0.8)
    assert population_stability_index([20, 80], [30, 70]) == pytest.approx(0.0539, abs=1e-4)


def test_a_value_that_is_new_makes_the_index_large_and_finite():
    assert 1 < population_stability_index([100, 0], [50, 50]) < 10


@given(COUNTS, st.integers(1, 9))
def test_distances_are_zero_for_equal_shares_however_many_rows(counts, times):
    if sum(counts):
        more = [times * c for c in counts]
        assert jensen_shannon(counts, more) == pytest.approx(0, abs=1e-7)
        assert chi_square(counts, more) == pytest.approx(0, abs=1e-7)


@given(st.tuples(COUNTS, COUNTS).filter(lambda t: len(t[0]) == len(t[1])))
def test_the_distance_is_symmetric_and_at_most_one(both):
    p, q = both
    assert jensen_shannon(p, q) == pytest.approx(jensen_shannon(q, p), abs=1e-9)
    assert 0 <= jensen_shannon(p, q) <= 1 + 1e-12


def test_without_rows_there_is_no_distance():
    assert jensen_shannon([0, 0], [1, 2]) == 0
    assert kolmogorov_smirnov([], [], [], []) == 0
