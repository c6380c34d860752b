"""A check as people read it: what was seen first, never the claim that failed."""

import pytest

from assay.gates.report import Check, Report, Verdict, overall_verdict

CLAIM = "Nobody is older than 90"
SEEN = "3 of 200 people are older than 90, the oldest 104."


def check(verdict: Verdict, why: str = SEEN) -> Check:
    return Check(name="age", claim=CLAIM, verdict=verdict, why=why, remedy="Ask for the ages.")


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.CAUTION, Verdict.UNKNOWN])
def test_a_check_that_did_not_pass_says_what_was_seen_before_what_was_required(verdict):
    found = check(verdict)
    assert found.headline == SEEN
    assert found.explanation == f"Required: {CLAIM}"
    assert found.finding == f"{SEEN} Required: {CLAIM}"


def test_a_check_that_passed_says_its_claim_before_what_was_seen():
    found = check(Verdict.PASS)
    assert (found.headline, found.explanation) == (CLAIM, SEEN)


def test_a_failed_claim_of_which_nothing_was_seen_is_not_stated_as_if_it_held():
    assert check(Verdict.FAIL, "").headline == f"Not so: {CLAIM}"
    assert check(Verdict.UNKNOWN, "").headline == f"The data cannot tell: {CLAIM}"
    assert check(Verdict.PASS, "").finding == CLAIM


def test_the_reasons_of_a_report_are_findings_with_their_remedies():
    checks = (check(Verdict.FAIL), check(Verdict.PASS))
    report = Report(
        gate="validation",
        subject="people",
        verdict=overall_verdict(checks),
        summary="",
        checks=checks,
    )
    (reason,) = report.reasons_for(Verdict.FAIL)
    assert reason == (
        "3 of 200 people are older than 90, the oldest 104. Required: Nobody is older than 90. "
        "Ask for the ages."
    )
