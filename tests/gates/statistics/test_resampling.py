"""Permutation tests that are valid, and bootstraps that agree with theory."""

import numpy as np
import pytest

from assay.gates.statistics.resampling import (
    multinomial_draws,
    percentile_interval,
    permutation_test,
)


def test_a_hopeless_permutation_test_stops_early():
    found = permutation_test(lambda rng: rng.random(), 0.4, draws=10_000, stop_after=20)
    assert found.exceedances == 20
    assert found.draws < 60
    assert found.p == 20 / found.draws


def test_a_clear_effect_takes_all_draws_and_is_never_zero():
    found = permutation_test(lambda rng: rng.random(), 2.0, draws=199)
    assert (found.p, found.draws, found.exceedances) == (1 / 200, 199, 0)


def test_a_tie_counts_against_the_claim():
    assert permutation_test(lambda rng: 0.3, 0.1 + 0.2, draws=9, stop_after=99).p == 1


def test_p_values_under_the_null_are_not_too_small():
    p = [
        permutation_test(
            lambda rng: rng.normal(), np.random.default_rng(s).normal(), draws=99, seed=10**6 + s
        ).p
        for s in range(400)
    ]
    # 5 % of 400, and three standard errors of that.
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_cells_are_drawn_as_their_rows_would_be():
    drawn = multinomial_draws([60, 30, 10], draws=4000, seed=1)
    assert set(drawn.sum(axis=1)) == {100}
    np.testing.assert_allclose(drawn.mean(axis=0), [60, 30, 10], atol=0.3)
    np.testing.assert_allclose(drawn.var(axis=0), [24, 21, 9], rtol=0.1)
    assert (
        multinomial_draws([60, 30, 10], seed=1) == multinomial_draws([60, 30, 10], seed=1)
    ).all()


def test_undefined_draws_are_left_out():
    found = percentile_interval([np.nan, 1.0, 1.0])
    assert (found.low, found.high) == (1, 1)
    assert percentile_interval([np.nan]).low is None


def test_the_percentiles_are_those_of_the_level():
    found = percentile_interval(np.arange(1001), level=0.9)
    assert (found.low, found.high) == (pytest.approx(50), pytest.approx(950))
