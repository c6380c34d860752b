"""Corrections against their authors' figures, and Holm by intervals against Holm by p-values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from assay.gates.statistics.multiple_testing import benjamini_hochberg, holm, holm_step_down

# Benjamini & Hochberg, J. R. Stat. Soc. B 57 (1995), section 3.2.
MYOCARDIAL = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
]


def test_corrections_reject_what_their_authors_rejected():
    assert (benjamini_hochberg(MYOCARDIAL) <= 0.05).sum() == 4
    assert (holm(MYOCARDIAL) <= 0.05).sum() == 3
    assert len(holm([])) == 0


@settings(max_examples=10)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_both_are_those_of_statsmodels(p):
    from statsmodels.stats.multitest import multipletests

    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-12)
    assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1], abs=1e-12)


@settings(max_examples=40)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_lies_between_nothing_and_bonferroni(p):
    adjusted, fdr = holm(p), benjamini_hochberg(p)
    assert (np.array(p) - 1e-12 <= fdr).all()
    assert (fdr <= adjusted + 1e-12).all()
    assert (adjusted <= np.minimum(np.array(p) * len(p), 1) + 1e-12).all()


@settings(max_examples=40)
@given(st.lists(st.floats(-6, 6), min_size=1, max_size=12), st.randoms())
def test_holm_by_intervals_rejects_what_holm_by_p_values_rejects(scores, random):
    z = np.array(scores)
    family = np.array([random.random() < 0.8 for _ in scores])

    def beyond(level):
        half = norm.ppf((1 + level) / 2)
        return (z - half > 0) | (z + half < 0)

    rejected, levels = holm_step_down(beyond, family, 0.05)
    expected = np.zeros_like(family)
    expected[family] = holm((2 * norm.sf(np.abs(z[family]))).tolist()) < 0.05
    assert (rejected == expected).all()
    assert (levels >= 0.95 - 1e-12).all()
    assert (levels <= 1 - 0.05 / max(family.sum(), 1) + 1e-12).all()
    assert (beyond(levels)[rejected]).all()
