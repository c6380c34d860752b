import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.gates.statistics.power_law import EXPONENTS, fit_power_law

SIZES = np.geomspace(500, 32_000, 7)


@given(st.floats(0.6, 1.0), st.floats(-3, -0.1), st.sampled_from(list(EXPONENTS[40:160:8])))
@settings(max_examples=40)
def test_a_law_is_found_again(a, b, c):
    law = fit_power_law(SIZES, a + b * SIZES**-c)
    assert law.a[0] == pytest.approx(a, abs=1e-6)
    goal = a + b * 100_000.0**-c
    if a - goal > 1e-6:
        assert law.rows_for(goal)[0] == pytest.approx(100_000, rel=0.02)
    np.testing.assert_allclose(law.scores_at(SIZES)[0], a + b * SIZES**-c, atol=1e-6)


def test_what_lies_beyond_the_asymptote_takes_infinitely_many_rows():
    law = fit_power_law(SIZES, 0.9 - SIZES**-0.5)
    assert np.isinf(law.rows_for(0.91)[0])
    assert np.isfinite(law.rows_for(0.89)[0])


def test_more_rows_are_never_worse():
    falling = fit_power_law(SIZES, 0.9 - 0.01 * np.arange(7))
    assert (np.diff(falling.scores_at(np.geomspace(10, 1e6, 20))[0]) >= 0).all()
    assert falling.b[0] == 0


def test_each_draw_is_fitted_on_its_own():
    curves = np.array([0.8 - SIZES**-0.3, 0.9 - SIZES**-0.6])
    both = fit_power_law(SIZES, curves)
    for i in (0, 1):
        assert both.a[i] == pytest.approx(fit_power_law(SIZES, curves[i]).a[0])


def test_two_sizes_are_too_few():
    with pytest.raises(ValueError, match="three"):
        fit_power_law([1, 2], [0.5, 0.6])
