"""The first screen of one gate's page: its answer, its worst numbers, and what to do."""

from __future__ import annotations

import pytest
from deciding import check, fairness, gap, gate

from assay.gates.report import Figure, Point, Series, Verdict
from assay.render.gate_summary import summarize_gate

FAR = check("shift[age]", Verdict.FAIL, statistic="distance", estimate=0.31, threshold=0.1,
            why="age moved by 0.31", remedy="Find out why.")  # fmt: skip


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        (Verdict.PASS, "good"),
        (Verdict.CAUTION, "waiting"),
        (Verdict.UNKNOWN, "waiting"),
        (Verdict.FAIL, "refused"),
    ],
)
def test_the_state_is_that_of_the_verdict(verdict: Verdict, state: str) -> None:
    summary = summarize_gate(gate("drift", check("c", verdict), verdict=verdict))
    assert (summary.state, summary.label) == (state, verdict.value)


def test_a_failed_gate_says_what_was_seen_its_limit_and_what_to_do() -> None:
    summary = summarize_gate(gate("drift", check("fine"), FAR, FAR, verdict=Verdict.FAIL))
    assert summary.sentence == (
        "Drift failed: age moved by 0.31; the limit is 0.1 (1 more finding)."
    )
    assert summary.next_step == "Find out why."
    assert summary.numbers[0].value == "0.310"
    assert summary.figure is not None
    assert summary.figure.reference == 0.1


def test_a_passed_gate_says_its_summary_and_that_nothing_is_to_be_done() -> None:
    summary = summarize_gate(gate("drift", check("fine")))
    assert summary.sentence == "Drift passed: drift in a sentence."
    assert summary.next_step == "Nothing: every check passed."


def test_without_checks_nothing_is_called_passed() -> None:
    report = gate("fairness").model_copy(update={"summary": "Not judged: no limit is set."})
    summary = summarize_gate(report)
    assert summary.sentence == "Not judged: no limit is set."
    assert summary.next_step.startswith("Set a limit")


def test_an_audit_leads_with_its_widest_gap() -> None:
    summary = summarize_gate(fairness(gap("sex=f", -0.2, Verdict.FAIL)))
    assert summary.numbers[0].value.startswith("Selection rate of sex=f: gap -0.2")
    assert summary.figure is not None
    assert summary.figure.band == (-0.1, 0.1)


def test_the_picture_of_a_gate_that_draws_some_is_its_first() -> None:
    own = Figure(
        title="Over time",
        kind="curve",
        axis="AUC",
        alt="It fell.",
        series=(Series(name="AUC", points=(Point(label="1", x=1.0, value=0.9),)),),
    )
    report = gate("drift", FAR, verdict=Verdict.FAIL).model_copy(update={"figures": (own,)})
    assert summarize_gate(report).figure == own
