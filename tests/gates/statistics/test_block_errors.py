"""Errors of means: of independent rows as textbooks have them, of runs of alike rows larger."""

import numpy as np
import pytest

from assay.gates.statistics.block_errors import mean_error, summed_error


def test_independent_rows_have_the_error_of_textbooks_by_either_way():
    values = np.random.default_rng(0).normal(5, 2, 20_000)
    textbook = values.std(ddof=1) / 20_000**0.5
    assert mean_error(values, in_order=False) == pytest.approx(textbook)
    assert mean_error(values, in_order=True) == pytest.approx(textbook, rel=0.3)


def test_runs_of_alike_rows_count_as_few():
    values = np.repeat(np.random.default_rng(0).normal(size=200), 100)
    apart, together = (mean_error(values, in_order=order) for order in (False, True))
    assert together == pytest.approx(200**-0.5, rel=0.3)
    assert apart < together / 5


def test_windows_that_differ_as_wholes_make_the_error_larger():
    rng = np.random.default_rng(0)
    calm = rng.normal(size=1000)
    years = np.repeat(rng.normal(0, 3, 20), 1000) + rng.normal(size=20_000)
    assert mean_error(calm, in_order=True, like=years) > 10 * mean_error(calm, in_order=True)


def test_a_sum_varies_by_its_weights():
    rng = np.random.default_rng(1)
    weights = rng.dirichlet(np.ones(5000))
    sums = [(weights * rng.normal(size=5000)).sum() for _ in range(400)]
    one = summed_error(weights * rng.normal(size=5000), in_order=False)
    assert one == pytest.approx(np.std(sums), rel=0.15)
    assert summed_error(weights * rng.normal(size=5000), in_order=True) == pytest.approx(
        one, rel=0.4
    )
