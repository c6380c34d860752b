"""The words for a difference between two models."""

from assay.gates.performance.display import gain_text
from assay.gates.report import Interval
from assay.gates.statistics.intervals import Estimate


def test_models_that_differ_in_no_row_are_the_same_and_none_is_better():
    nothing = Estimate(0.0, Interval(low=0.0, high=0.0))
    assert gain_text(nothing, "the champion's") == "the same as the champion's"
    alike = Estimate(0.0, Interval(low=-0.1, high=0.1))
    assert gain_text(alike, "the champion's").startswith("0.0000 better than the champion's (")
