"""What happens by itself, as data that Prefect takes."""

import ast
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.config.operations import Alert, Operations
from assay.deployments.automations import _ALERT_STATES, build_automations
from assay.deployments.deployment_plan import plan_deployments
from assay.deployments.schedules import longest_pause, schedule_json
from tests.deployments.conftest import case

ALERTED = Operations(alerts=(Alert(to="${A}"), Alert(to="${B}", on=("crashed",))))


def made(*cases, operations=ALERTED):
    deployments = plan_deployments(cases, operations)
    return {one.name: one for one in build_automations(cases, deployments, operations, "pool")}


def names_of_failed_states():
    """Every Failed(name=...) in the flows; a name that is computed counts as all its constants."""
    found = set()
    for file in Path("flows").glob("*.py"):
        tree = ast.parse(file.read_text())
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in {
                "Failed",
                "_final_state",
            }:
                texts = [k.value for k in call.keywords if k.arg == "name"] + call.args[:1]
                found |= {t.value for t in texts if isinstance(t, ast.Constant)}
    return found


def test_prefect_takes_all_of_them():
    from prefect.events.schemas.automations import AutomationCore

    from assay.deployments.desired_state import _with_ids

    deployments = plan_deployments([case("guests")], ALERTED)
    ids, blocks = {one.title: uuid4() for one in deployments}, [uuid4(), uuid4()]
    for one in made(case("guests", "schedule: {score: 10m}\n")).values():
        actions = [_with_ids(action, ids, blocks) for action in one.actions]
        taken = AutomationCore.model_validate(
            {"name": one.name, "trigger": one.trigger, "actions": actions}
        )
        assert taken.actions


def test_a_run_that_ends_badly_is_told_of_whatever_its_state_is_called():
    told = {state for states in _ALERT_STATES.values() for state in states}
    # A person who says no has been told already, and what nobody has promoted is nobody's alarm.
    assert names_of_failed_states() - told == {"Declined", "No champion"}
    assert "Rejected" in names_of_failed_states()


def test_each_is_told_of_what_they_asked_for():
    found = made(case("guests", "schedule: {score: 10m}\n"))
    assert [a["alert"] for a in found["tell of failed runs"].actions] == [0]
    assert [a["alert"] for a in found["tell of crashed runs"].actions] == [0, 1]
    assert [a["alert"] for a in found["tell when score/guests is silent"].actions] == [0]
    assert "tell when train/guests is silent" not in found


def test_without_alerts_nobody_is_told():
    assert not [name for name in made(case("guests"), operations=Operations()) if "tell" in name]


def test_the_monitors_event_retrains_its_own_model():
    found = made(case("guests"), case("income"))
    one = found["retrain guests when its monitor wants it"]
    assert one.trigger["match"] == {"prefect.resource.id": "assay.model.guests"}
    assert one.trigger["expect"] == ["assay.retrain.wanted"]
    (action,) = one.actions
    assert action["deployment"] == "retrain/guests"
    assert action["parameters"]["by"] == "monitor"


def test_any_sign_of_life_counts():
    """States that wait must be among them, or a run that is to be tried again would be called
    lost."""
    lost = made(case("guests"))["lost runs have crashed"].trigger
    assert lost["expect"] == ["prefect.flow-run.*"]
    assert lost["after"] == ["prefect.flow-run.heartbeat"]
    assert lost["for_each"] == ["prefect.resource.id"]


def test_a_crashed_run_is_started_again_but_neither_at_once_nor_for_ever():
    found = made(case("guests"), operations=Operations(resume=2))
    trigger = found["crashed runs are started again"].trigger
    assert trigger["match"]["prefect.run-count"] == ["1", "2"]
    # Whoever else reports the crash meanwhile finds the run crashed, and not waiting.
    assert trigger["posture"] == "Proactive"
    assert trigger["within"] >= 10
    assert not [name for name in made(operations=Operations(resume=0)) if "again" in name]


def test_a_run_whose_worker_died_with_it_in_hand_has_crashed_once_it_is_late():
    found = made(case("guests"), operations=Operations(late=600))
    one = found["runs that were taken and do not begin have crashed"]
    assert set(one.trigger["after"]) == {"prefect.flow-run.Pending", "prefect.flow-run.Submitting"}
    assert (one.trigger["within"], one.actions[0]["state"]) == (600, "CRASHED")


def test_a_run_that_crashed_before_it_began_is_started_again_but_not_for_ever():
    """It has no count of how often it began. It is marked at most once a day, and only what is
    marked is started again, after all who notice the crash have said so.
    """
    found = made(case("guests"))
    marked = found["runs that crashed before they began are marked"]
    assert marked.trigger["match"]["prefect.run-count"] == "0"
    assert marked.trigger["for_each"] == ["prefect.resource.id"]
    assert marked.trigger["within"] == 86400
    (mark,) = marked.actions
    assert mark["name"] not in {state for states in _ALERT_STATES.values() for state in states}
    again = found["marked runs are started again"]
    assert again.trigger["after"] == [f"prefect.flow-run.{mark['name']}"]
    assert again.trigger["posture"] == "Proactive"
    assert again.trigger["within"] >= 10


@pytest.mark.parametrize(
    ("when", "seconds"),
    [("10m", 600), ("0 5 * * *", 86400), ("0 5 * * 1-5", 3 * 86400), ("0 0 1 * *", 31 * 86400)],
)
def test_the_longest_pause_of_a_schedule(when, seconds):
    assert longest_pause(when, "UTC") == seconds


def test_a_day_in_autumn_is_longer():
    assert longest_pause("0 12 * * *", "Europe/Lisbon") == 25 * 3600


def test_silence_is_told_after_one_and_a_half_periods():
    found = made(case("guests", "schedule: {score: 10m}\n"))
    within = found["tell when score/guests is silent"].trigger["within"]
    assert within == 1.5 * 600 + ALERTED.late


@given(st.integers(1, 10**6))
def test_an_interval_stays_as_it_is(number):
    assert (
        schedule_json(f"{number}s", "UTC")["interval"]
        == number
        == longest_pause(f"{number}s", "UTC")
    )
