"""What a person reads before deciding: the champion beside the challenger, and every caution."""

from __future__ import annotations

import pytest

from assay.gates.report import Check, Report, Verdict, put_report
from assay.runs.comparison.approval_brief import brief_decision
from tests.runs.comparison.made import Workshop, people, yes_no_answers


@pytest.fixture(scope="module")
def workshop():
    made, table = Workshop(), people()
    first = made.version(table, yes_no_answers(table, noise=1.0, seed=1))
    made.registry.promote(first, because="the first", expected_version=None)
    made.version(table, yes_no_answers(table))
    return made


def test_the_verdict_stands_first_with_its_interval_and_rows(workshop):
    brief = brief_decision(workshop.bucket, "m@2")
    assert brief.question == "Shall m@2 become champion in place of m@1?"
    assert brief.comparison[0].startswith("m@2 is better than m@1: ROC AUC +0.")
    assert "on 450 same test rows" in brief.comparison[0]
    text = "\n".join(brief.lines())
    for said in ("m@1: How good?", "m@2: How good?", "assay compare m@1 m@2", "m@2 --html"):
        assert said in text


def test_it_says_why_it_was_trained(workshop):
    brief = brief_decision(workshop.bucket, "m@2")
    assert "not by a retraining" in brief.origin


def test_where_reports_are_served_they_are_links_and_else_commands(workshop):
    plain = brief_decision(workshop.bucket, "m@2").markdown()
    assert "`assay compare m@1 m@2`" in plain
    linked = brief_decision(workshop.bucket, "m@2", pages="http://127.0.0.1:4201/").markdown()
    assert "(http://127.0.0.1:4201/compare?a=m@1&b=m@2)" in linked


def test_without_a_champion_nothing_is_compared():
    workshop, table = Workshop(), people(60)
    workshop.version(table, yes_no_answers(table))
    brief = brief_decision(workshop.bucket, "m@1")
    assert brief.question == "Shall m@1 become champion?"
    assert brief.comparison == ()


def test_each_caution_is_a_sentence_and_what_cannot_be_told_comes_first(workshop, monkeypatch):
    def report(gate, verdict, why):
        check = Check(name=gate, claim="It holds", verdict=verdict, why=why)
        return Report(gate=gate, subject="m", verdict=verdict, summary="s", checks=(check,))

    told = {
        "feasibility": report("feasibility", Verdict.CAUTION, "3 % of the labels are noise."),
        "fairness": report("fairness", Verdict.UNKNOWN, "The gap is -0.098 [-0.112, -0.083]."),
    }
    held = {gate: put_report(workshop.bucket, one) for gate, one in told.items()}
    monkeypatch.setattr("assay.registry.history.Version.reports", property(lambda _: held))
    assert brief_decision(workshop.bucket, "m@2").cautions == (
        "fairness cannot tell: The gap is -0.098 [-0.112, -0.083].",
        "feasibility: 3 % of the labels are noise.",
    )


def test_predictions_that_are_gone_hinder_nobody():
    workshop, table = Workshop(), people(60)
    first = workshop.version(table, yes_no_answers(table))
    workshop.registry.promote(first, because="the first", expected_version=None)
    workshop.version(table, yes_no_answers(table, noise=0.5))
    gone = first.artifact("predictions").digest.hex
    workshop.bucket.store.delete(f"objects/sha256/{gone[:2]}/{gone}")
    assert "the predictions of m@1 are gone" in brief_decision(workshop.bucket, "m@2").comparison[0]


@pytest.mark.parametrize("against", [1, None, 7])
def test_what_the_gate_found_is_said_if_it_asked_this_champion(monkeypatch, against):
    workshop, table = Workshop(), people(60)
    first = workshop.version(table, yes_no_answers(table))
    workshop.registry.promote(first, because="the first", expected_version=None)
    workshop.version(table, yes_no_answers(table), against=against)
    check = Check(
        name="beats_champion",
        claim="It is better",
        verdict=Verdict.PASS,
        why="ROC AUC is 0.4 better than the champion's",
    )
    report = Report(
        gate="performance", subject="m", verdict=Verdict.PASS, summary="s", checks=(check,)
    )
    held = {"performance": put_report(workshop.bucket, report)}
    monkeypatch.setattr("assay.registry.history.Version.reports", property(lambda _: held))
    said = brief_decision(workshop.bucket, "m@2").comparison
    found = "On the test rows of m@2: ROC AUC is 0.4 better than the champion's."
    assert (said[0] == found) == (against == 1)
    assert said[-1] != found
