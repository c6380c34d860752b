"""One mean beyond another by a margin: SciPy's figures, and the level that is promised."""

import numpy as np
import pytest
from scipy import stats

from assay.gates.statistics.welch import welch_test


def test_it_agrees_with_scipy():
    rng = np.random.default_rng(0)
    one, two = rng.normal(1, 2, 40), rng.normal(0, 1, 300)
    found = welch_test(one, two, 0.3)
    assert found.value == pytest.approx(one.mean() - two.mean())
    test = stats.ttest_ind(one - 0.3, two, equal_var=False, alternative="greater")
    assert found.p == pytest.approx(test.pvalue)
    bounds = stats.ttest_ind(one, two, equal_var=False).confidence_interval()
    assert found.interval.low == pytest.approx(bounds.low)
    assert found.interval.high == pytest.approx(bounds.high)


def test_a_difference_at_the_margin_alarms_no_more_often_than_the_level():
    rng = np.random.default_rng(1)
    p = [welch_test(rng.normal(0.5, 3, 30), rng.normal(0, 1, 90), 0.5).p for _ in range(600)]
    assert np.mean(np.array(p) < 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)


@pytest.mark.parametrize("values", [[], [1.0], [0.1 + 0.2] * 20 + [0.3] * 20])
def test_what_does_not_vary_settles_nothing(values):
    found = welch_test(values, [0.3] * 50, 0.0)
    assert found.p == 1
    assert (found.interval.low, found.interval.high) == (None, None)
