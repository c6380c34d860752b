"""What happens by itself, as data that Prefect takes."""

import ast
from pathlib import Path
from types import SimpleNamespace as Row
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.config.due_moments import longest_pause
from assay.config.operations import Alert, Operations
from assay.deployments.alert_automations import alert_kinds, run_body
from assay.deployments.automations import build_automations
from assay.deployments.deployment_plan import UseCaseFile, plan_deployments
from assay.deployments.schedules import schedule_json
from tests.deployments.conftest import case

ALERTED = Operations(alerts=(Alert(to="${A}"), Alert(to="${B}", on=("crashed",))))


def alert_states():
    return {state for kind in alert_kinds(ALERTED).values() for state in kind.states}


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

    from assay.deployments.desired_automations import _with_ids

    deployments = plan_deployments([case("guests")], ALERTED)
    ids, blocks = {one.title: uuid4() for one in deployments}, [uuid4(), uuid4()]
    for one in made(case("guests", "schedule: {score: 10m}\n")).values():
        actions = [_with_ids(action, ids, blocks) for action in one.actions]
        taken = AutomationCore.model_validate(
            {"name": one.name, "trigger": one.trigger, "actions": actions}
        )
        assert taken.actions


@pytest.mark.parametrize("owner", ["ada {{ x", "{{ 7 * 7 }}", "{% raw %}", "{# note", "a { b }"])
def test_an_owner_is_named_as_written_and_is_no_template(owner):
    from prefect.server.events.actions import SendNotification
    from prefect.server.utilities.user_templates import render_user_template_sync

    guests = case("guests", "schedule: {score: 10m}\n")
    owned = guests.use_case.model_copy(update={"owner": owner})
    found = made(UseCaseFile(owned, guests.file))
    (action, *_) = found["tell when score/guests is silent"].actions
    SendNotification(block_document_id=uuid4(), subject="", body=action["body"])
    assert f"owner: {owner}\n" in render_user_template_sync(action["body"], {})


def test_a_run_that_ends_badly_is_told_of_whatever_its_state_is_called():
    told = alert_states()
    # A person who says no has been told already, and what nobody has promoted is nobody's alarm.
    assert names_of_failed_states() - told == {"Promotion refused", "No champion"}
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
    assert mark["name"] not in alert_states()
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


ROUTED = Operations(
    alerts=(
        Alert(to="${ALL}"),
        Alert(to="${HOTEL}", owner="The Hotel "),
        Alert(to="${ONE}", use_case=["income", "rooms"], on=("failed", "silent")),
        Alert(to="${NOBODY}", owner="nobody"),
    )
)


def owned(name, owner, more=""):
    made = case(name, more)
    return UseCaseFile(made.use_case.model_copy(update={"owner": owner}), made.file)


def test_an_alert_of_an_owner_or_a_use_case_takes_only_their_runs():
    cases = [owned("income", "benefits"), owned("guests", "the hotel"), owned("rooms", "the hotel")]
    found = made(*cases, operations=ROUTED)
    told = {
        tuple(action["alert"] for action in one.actions): one.trigger["match_related"]
        for name, one in found.items()
        if name.startswith("tell of failed runs")
    }
    pool = {"prefect.resource.role": "work-pool", "prefect.resource.name": "pool"}
    assert told.pop((0,)) == pool
    assert all(match[0] == pool for match in told.values())
    names = {numbers: match[1]["prefect.resource.name"] for numbers, match in told.items()}
    assert names == {(1,): ["guests", "rooms"], (2,): ["income", "rooms"]}


def test_silence_is_told_to_whom_it_concerns_and_that_of_the_bucket_to_those_who_take_all():
    cases = [owned("income", "benefits", "schedule: {score: 10m}\n")]
    found = made(*cases, operations=ROUTED)
    numbers = {name: [a.get("alert") for a in one.actions] for name, one in found.items()}
    assert numbers["tell when score/income is silent"] == [0, 2]
    assert numbers["tell when maintain/bucket is silent"] == [0]
    body = found["tell when score/income is silent"].actions[0]["body"]
    assert body.startswith("Use case: income, owner: benefits\n")
    assert "One is due every 10 minutes" in body
    assert "What to do: " in body


def test_an_alert_of_a_run_names_use_case_owner_what_is_the_limit_and_what_to_do():
    from prefect.server.utilities.user_templates import render_user_template_sync

    (deployment, *_) = plan_deployments([owned("guests", "the hotel")], ALERTED)
    context = {
        "deployment": deployment,
        "flow_run": Row(state=Row(message="no source answers; 30 s were allowed"), url=""),
    }
    template = run_body(alert_kinds(ALERTED)["late"]).replace("|ui_url", ".url")
    lines = render_user_template_sync(template, context).splitlines()
    assert lines[0] == "Use case: guests, owner: the hotel"
    assert lines[1] == "no source answers; 30 s were allowed"
    assert lines[2] == "It was due 15 minutes ago."
    assert lines[3].startswith("What to do: ")
    context["deployment"] = Row(name="bucket", description=None)
    assert render_user_template_sync(template, context).splitlines()[0] == "Use case: bucket"
