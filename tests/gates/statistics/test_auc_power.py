import numpy as np
import pytest

from assay.gates.statistics.auc import roc_auc
from assay.gates.statistics.auc_power import auc_power, auc_standard_error


def test_hanley_and_mcneil_s_spread_of_a_binormal_score():
    rng = np.random.default_rng(0)
    truth = np.arange(150) < 50
    drawn = [roc_auc(truth, rng.normal(size=150) + truth).value for _ in range(300)]
    assert auc_standard_error(0.7602, 50, 100) == pytest.approx(np.std(drawn), rel=0.15)


def test_a_coin_s_spread_is_the_mann_whitney_variance():
    assert auc_standard_error(0.5, 30, 70) == pytest.approx(np.sqrt(101 / (12 * 30 * 70)))


def test_no_rows_have_no_power():
    assert auc_power(0.9, 0, 10) == 0.0
