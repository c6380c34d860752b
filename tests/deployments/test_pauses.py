"""Pauses of the journals, applied to a server: ours and those of the dashboard told apart."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace as Row

import pytest
from prefect.events.schemas.automations import Automation

from assay.deployments.pauses import apply_pauses, pause_notice, split_description
from assay.registry.decisions.use_case_pause import Pause, Pauses

SINCE = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAUSE = Pause("guests", SINCE, "olga", "the *source* is wrong", None, 3)
TRIGGER = {"type": "event", "posture": "Reactive", "threshold": 1, "within": 0.0}


class Server:
    """One with two deployments of guests, one of income, and automations."""

    def __init__(self):
        self.deployments = [
            self.deployment(number, flow, name)
            for number, (flow, name) in enumerate(
                [("score", "guests"), ("train", "guests"), ("score", "income")]
            )
        ]
        silence = "tell when score/guests is silent"
        self.automations = {
            name: self.automation(name)
            for name in ("retrain guests when its monitor wants it", silence)
        }
        silent = {**TRIGGER, "posture": "Proactive", "within": 60.0}
        self.automations[silence] = self.automation(silence, silent)
        self.made = []

    @staticmethod
    def deployment(number, flow, name):
        return Row(id=number, flow_id=flow, name=name, paused=False, description="It does.",
                   work_pool_name="assay")  # fmt: skip

    @staticmethod
    def automation(name, trigger=TRIGGER):
        told = {"name": name, "description": "It asks.", "tags": ["assay:assay"], "actions": []}
        return Automation.model_validate({**told, "trigger": trigger, "id": "0" * 32})

    async def read_deployments(self, deployment_filter, offset):
        return self.deployments[offset:]

    async def read_flows(self):
        return [Row(id=flow, name=flow) for flow in ("score", "train")]

    async def read_automations(self):
        return list(self.automations.values())

    async def pause_deployment(self, number):
        self.deployments[number].paused = True

    async def resume_deployment(self, number):
        self.deployments[number].paused = False

    async def update_deployment(self, number, told):
        self.deployments[number].description = told.description

    async def update_automation(self, _, told):
        here = self.automations[told.name]
        more = {"enabled": told.enabled, "description": told.description}
        self.automations[told.name] = here.model_copy(update=more)

    async def delete_automation(self, _):
        self.made.append("deleted")

    async def create_automation(self, told):
        self.made.append(told.name)
        await self.update_automation(None, told)

    @property
    def paused(self):
        return [one.paused for one in self.deployments]

    @property
    def enabled(self):
        return [one.enabled for one in self.automations.values()]


@pytest.fixture
def server():
    return Server()


def follow(server, *pauses, **more):
    held = Pauses({pause.use_case: pause for pause in pauses}, **more)
    return [change.text for change in asyncio.run(apply_pauses(server, held, pool="assay"))]


def test_one_use_case_is_paused_with_who_and_why_and_goes_on_again(server):
    assert len(follow(server, PAUSE)) == 4
    assert server.paused == [True, True, False]
    assert server.enabled == [False, False]
    said = server.deployments[0].description
    assert said.startswith("**Paused** by olga since 2026-03-01 12:00: the \\*source\\* is wrong")
    assert split_description(said) == (pause_notice(PAUSE), "It does.")
    assert follow(server, PAUSE) == []
    assert len(follow(server)) == 4
    assert server.paused == [False] * 3
    assert server.enabled == [True, True]
    assert {one.description for one in server.deployments} == {"It does."}
    assert follow(server) == []


def test_an_alert_about_silence_counts_anew_after_a_pause(server):
    follow(server, PAUSE)
    follow(server)
    assert server.made == ["deleted", "tell when score/guests is silent"]


def test_what_somebody_paused_on_the_dashboard_stays_as_it_is(server):
    server.deployments[1].paused = True
    follow(server, PAUSE)
    assert server.deployments[1].description == "It does."
    follow(server)
    assert server.paused == [False, True, False]


def test_what_somebody_switched_on_again_is_paused_again(server):
    follow(server, PAUSE)
    server.deployments[0].paused = False
    assert follow(server, PAUSE) == ["deployment score/guests paused"]


def test_where_a_journal_cannot_be_read_nothing_goes_on(server):
    follow(server, PAUSE)
    assert follow(server, unknown=["guests"]) == []
    assert server.paused == [True, True, False]
