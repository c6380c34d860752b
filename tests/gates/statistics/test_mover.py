"""Differences and ratios from the limits of each side."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep

from assay.gates.statistics.mover import difference_limits, ratio_limits
from assay.gates.statistics.proportions import newcombe_limits, wilson_limits

shares = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def sides(k, n, base_k, base_n):
    return k / n, wilson_limits(k, n), base_k / base_n, wilson_limits(base_k, base_n)


@given(shares, shares)
@settings(max_examples=40)
def test_wilsons_limits_make_newcombes(one, two):
    found = difference_limits(*sides(*one, *two))
    np.testing.assert_allclose(found, newcombe_limits(*one, *two), atol=1e-12)


@pytest.mark.parametrize(
    "counts",
    [(36, 40, 16, 80), (30, 100, 50, 100), (300, 1000, 500, 1000), (60, 300, 400, 1000)],
)
def test_ratios_of_shares_are_near_koopmans(counts):
    # Koopman, Biometrics 40 (1984), as statsmodels has it.
    expected = confint_proportions_2indep(*map(float, counts), compare="ratio", method="score")
    np.testing.assert_allclose(ratio_limits(*sides(*counts)), expected, rtol=0.012)


@given(shares, shares)
def test_a_limit_of_the_ratio_is_where_the_difference_may_be_nothing(one, two):
    value, (low, high), rival, (rival_low, rival_high) = sides(*one, *two)
    below, above = ratio_limits(value, (low, high), rival, (rival_low, rival_high))
    if rival:
        assert 0 <= below <= value / rival + 1e-9
        assert value / rival <= above + 1e-9
    for limit, which in ((below, 0), (above, 1)):
        if 0 < limit < np.inf:
            times = (rival_low * limit, rival_high * limit)
            difference = difference_limits(value, (low, high), rival * limit, times)
            assert difference[which] == pytest.approx(0, abs=1e-6 * max(limit, 1))


@given(shares, shares)
def test_a_ratio_turned_round_has_its_limits_turned_round(one, two):
    assume(one[0] and two[0])
    there, back = ratio_limits(*sides(*one, *two)), ratio_limits(*sides(*two, *one))
    assert there[0] == pytest.approx(1 / back[1], rel=1e-6)
    assert there[1] == pytest.approx(1 / back[0], rel=1e-6)


def test_nothing_over_something_and_something_over_nothing():
    assert ratio_limits(*sides(0, 40, 10, 80))[0] == 0
    low, high = ratio_limits(*sides(10, 80, 0, 40))
    assert (0 < low < np.inf, high) == (True, np.inf)


def test_what_is_not_known_has_no_limits():
    nothing = (np.nan, (np.nan, np.nan), 0.5, (0.4, 0.6))
    assert np.isnan(difference_limits(*nothing)).all()
    assert np.isnan(ratio_limits(*nothing)).all()


@pytest.mark.parametrize("case", [(0.3, 100, 0.4, 300), (0.1, 60, 0.2, 200), (0.5, 40, 0.5, 3000)])
def test_ratios_are_covered_about_as_often_as_stated(case):
    share, rows, base, base_rows = case
    rng = np.random.default_rng(0)
    k, base_k = rng.binomial(rows, share, 4000), rng.binomial(base_rows, base, 4000)
    low, high = ratio_limits(*sides(k, rows, base_k, base_rows))
    assert np.mean((low <= share / base) & (share / base <= high)) > 0.935
