"""Both estimates have to agree before a verdict is sure, and labels are asked for by number."""

import numpy as np
import pytest
from scipy.stats import norm

from assay.config.gates import DriftSettings
from assay.gates.drift.subset_checks import Wording, chunk_check
from assay.gates.drift.subset_performance import (
    MetricEstimate,
    SubsetPerformance,
    SubsetSupport,
    labels_needed,
)
from assay.gates.report import Interval, Verdict
from assay.gates.statistics.intervals import Estimate

ASK = DriftSettings(metrics=("mae",))
KNOWN = SubsetSupport(unlike_share=0.0, capped_share=0.0, auc=0.6, is_supported=True)
STRANGE = SubsetSupport(unlike_share=0.2, capped_share=0.0, auc=0.9, is_supported=True)


def estimate(low, high):
    return Estimate((low + high) / 2, Interval(low=low, high=high))


def subset(drop, weighted=None, support=KNOWN, shortfall=None, rows=1000, labelled=1000):
    one = MetricEstimate(
        metric="mae", reference=2.0, expected=estimate(1.9, 2.1), drop=estimate(*drop),
        labels_needed=400, weighted=None if weighted is None else 2.0,
        weighted_drop=None if weighted is None else estimate(*weighted),
        realised=None if shortfall is None else estimate(2.0, 2.2),
        shortfall=None if shortfall is None else estimate(*shortfall),
    )  # fmt: skip
    return SubsetPerformance(None, rows, labelled, support, (one,))


@pytest.mark.parametrize(
    ("drop", "weighted", "support", "shifted", "verdict"),
    [
        ((-0.01, 0.02), None, KNOWN, True, Verdict.PASS),
        ((0.06, 0.09), None, KNOWN, True, Verdict.FAIL),
        ((0.01, 0.09), None, KNOWN, True, Verdict.UNKNOWN),
        ((0.06, 0.09), (0.07, 0.1), KNOWN, True, Verdict.FAIL),
        ((0.06, 0.09), (-0.01, 0.01), KNOWN, True, Verdict.UNKNOWN),
        ((-0.01, 0.02), (-0.05, 0.09), KNOWN, True, Verdict.UNKNOWN),
        ((-0.01, 0.02), (-0.05, 0.09), KNOWN, False, Verdict.PASS),
        ((-0.01, 0.02), None, STRANGE, True, Verdict.UNKNOWN),
        ((0.06, 0.09), None, STRANGE, True, Verdict.UNKNOWN),
    ],
)
def test_both_estimates_have_to_agree_on_rows_that_the_reference_knows(
    drop, weighted, support, shifted, verdict
):
    found = subset(drop, weighted, support)
    assert found.expected_verdict(found.metrics[0], ASK, features_shifted=shifted) is verdict


def test_few_rows_or_labels_are_not_judged():
    few = subset((0.06, 0.09), shortfall=(0.06, 0.09), rows=50, labelled=50)
    assert few.expected_verdict(few.metrics[0], ASK, features_shifted=True) is Verdict.UNKNOWN
    assert few.realised_verdict(few.metrics[0], ASK) is Verdict.UNKNOWN
    many = subset((0.0, 0.01), shortfall=(0.06, 0.09))
    assert many.realised_verdict(many.metrics[0], ASK) is Verdict.FAIL
    assert many.realised_verdict(subset((0.0, 0.01)).metrics[0], ASK) is None


def test_so_many_labels_show_the_change_in_four_of_five_cases():
    needed = labels_needed(0.21, 0.07)
    assert needed == 340
    shown = norm.sf(1.96 - 0.07 / (0.21 / needed) ** 0.5)
    assert shown == pytest.approx(0.8, abs=0.01)
    assert labels_needed(0.21, 0.9) == 20
    for variance, change in ((0.0, 0.1), (float("nan"), 0.1), (1.0, 0.0), (np.inf, 0.1)):
        assert labels_needed(variance, change) is None


def test_what_is_not_sure_says_so_first_and_asks_for_labels_by_number():
    support, expected = Wording(ASK, "if it holds").checks(subset((0.0, 0.01), None, STRANGE))
    assert support.verdict is Verdict.CAUTION
    assert support.headline == "20.0% of rows are unlike anything in the reference"
    assert expected.remedy == "Cannot tell without labels: label about 400 of these rows."
    _, differing = Wording(ASK, "if it holds").checks(subset((0.0, 0.01), (0.07, 0.1)))
    assert differing.remedy.startswith("The two estimates differ.")


def test_chunks_that_cannot_be_relied_on_are_counted():
    calm = subset((0.0, 0.01), (-0.01, 0.02))
    assert chunk_check([calm, calm], 0.05).verdict is Verdict.PASS
    strange, differing = subset((0.0, 0.01), None, STRANGE), subset((0.0, 0.01), (0.07, 0.1))
    found = chunk_check([calm, strange, differing], 0.05)
    assert (found.verdict, found.estimate) == (Verdict.CAUTION, 2.0)
    assert "1 of 3 chunks hold rows unlike anything in the reference" in found.why
