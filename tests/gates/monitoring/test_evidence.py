"""Harm that is too small for one look adds up over several."""

from assay.gates.drift.realised_lack import RealisedLack
from assay.gates.monitoring.evidence import EvidenceSoFar, add_evidence, measure_lacks
from assay.gates.monitoring.facts import LookSummary
from assay.gates.report import Check, Verdict
from assay.gates.statistics.change_evidence import LookEstimate

NAME, MARGIN, ERROR = "realised[mae]", 0.05, 0.02


def lack(value, **more):
    known = {"reference": LookEstimate(0.0, 0.003**2), "current": LookEstimate(value, ERROR**2)}
    return RealisedLack(NAME, **known | more)


def after(looks, value, **more):
    """The check after so many looks that all lacked `value`."""
    past = [
        LookSummary(look=n, as_of="2016", verdict="watch", figures={},
                    lacks=measure_lacks([lack(value)]))
        for n in range(1, looks)
    ]  # fmt: skip
    open_check = Check(name=NAME, claim="c", verdict=Verdict.UNKNOWN, why="it rose")
    (found,) = add_evidence([open_check], [lack(value, **more)], EvidenceSoFar(past, 0.02), MARGIN)
    return found


def test_an_error_that_rose_a_little_more_than_accepted_is_found_after_some_looks():
    assert after(1, 0.08, is_share=True).verdict is Verdict.UNKNOWN
    found = after(20, 0.08, is_share=True)
    assert found.verdict is Verdict.FAIL
    assert "over 20 looks together it surely lies" in found.why
    assert "% or more above what was expected, and 5 % is accepted" in found.why


def test_what_lies_at_the_limit_is_never_found():
    assert after(60, MARGIN, is_share=True).verdict is Verdict.UNKNOWN


def test_a_score_is_told_below_what_was_expected():
    assert "or more below what was expected, and 0.05 is accepted" in after(20, 0.08).why


def test_an_error_of_the_reference_that_is_unknown_adds_no_evidence():
    unknown = LookEstimate(0.0, float("nan"))
    assert after(20, 0.5, reference=unknown).verdict is Verdict.UNKNOWN
