"""The page of a look: the verdict, why, and what to do."""

import pytest

from assay.production.monitoring.look_summary import look_headline, render_look_outcome
from assay.production.monitoring.outcome import MonitorOutcome


def outcome(verdict, **more):
    told = {"use_case": "m", "model": "m@3", "look": 5, "summary": "It *fell*.", "reasons": ["a"]}
    return MonitorOutcome(verdict=verdict, **(told | more))


def test_it_leads_to_the_report_and_says_what_to_type():
    text = render_look_outcome(outcome("retrain"), "http://host/look/m/7")
    assert text.startswith("# m@3: look 5 says retrain\n\n[The whole report](http://host/look/m/7)")
    assert "**It \\*fell\\*.**" in text
    assert "`assay false-alarm m --because TEXT`" in text


def test_a_look_at_the_past_asks_for_nothing():
    text = render_look_outcome(outcome("retrain"), None, quiet=True)
    assert "asks for nothing" in text
    assert "false-alarm" not in text
    assert "report]" not in text


@pytest.mark.parametrize("verdict", ["healthy", "watch", "retrain"])
def test_every_verdict_says_what_to_do(verdict):
    assert look_headline(outcome(verdict)) in render_look_outcome(outcome(verdict), None)


def test_many_reasons_are_counted():
    text = render_look_outcome(outcome("watch", reasons=["why"] * 23), None)
    assert "*3 more in the report*" in text
