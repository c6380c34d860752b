"""Alerts of missed deadlines: once for each, to whom it concerns, in one message where many."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace as Row

import pytest

from assay.config.operations import Alert, Operations
from assay.deployments import alerts
from assay.deployments.deadline_alerts import (
    MissAlert,
    SentAlerts,
    alert_missed_deadlines,
    write_message,
)
from assay.deployments.desk.use_case_state import UseCaseState
from assay.production.scoring.deadline import DeadlineRecord

SIX = datetime(2026, 3, 1, 6, tzinfo=UTC)
DAY = timedelta(days=1)
NOW = SIX + timedelta(minutes=20)
ALL = Operations(alerts=(Alert(to="${A}"),))


def missed(name="guests", *deadlines, owner="the hotel", **fields):
    record = DeadlineRecord(SIX, tuple(deadlines or (SIX,)), SIX - DAY)
    told = {"deadline": record, "scored_by": "06:00 UTC", "file": f"configs/{name}.yaml"}
    return UseCaseState(name, owner=owner, **(told | fields))


class Server:
    """Keeps variables as Prefect's client does, which refuses more than 5,000 characters."""

    def __init__(self):
        self.variables, self.sent, self.down, self.asked = {}, [], set(), 0

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass

    async def read_variable_by_name(self, name):
        self.asked += 1
        return self.variables.get(name)

    async def create_variable(self, variable):
        assert variable.name not in self.variables
        self._write(variable)

    async def update_variable(self, variable):
        assert variable.name in self.variables
        self._write(variable)

    def _write(self, variable):
        assert len(json.dumps(variable.value)) <= 5000
        self.variables[variable.name] = Row(value=variable.value)


@pytest.fixture
def server(monkeypatch):
    made = Server()

    async def send(_client, number, _alert, message):
        if number in made.down:
            return "OSError"
        made.sent.append((number, *message))
        return ""

    monkeypatch.setattr("prefect.client.orchestration.get_client", lambda: made)
    monkeypatch.setattr(alerts, "send_alert", send)
    monkeypatch.setenv("ASSAY_PAGES", "https://desk.example")
    return made


def look(*states, operations=ALL, told=None):
    return asyncio.run(alert_missed_deadlines(operations, states, told or SentAlerts("assay"), NOW))


def test_the_message_says_whose_what_is_the_limit_and_what_to_do(server):
    look(missed())
    ((_, subject, body),) = server.sent
    assert subject == "guests was not scored by 06:00 UTC"
    whose, what, limit, remedy, where = body.splitlines()
    assert whose == "Use case: guests, owner: the hotel"
    assert what.startswith("Not scored by 06:00 UTC: no batch has been scored since 2026-02-28 06:")
    assert limit == "The deadline was 2026-03-01 06:00 UTC, 20 minutes ago."
    assert remedy.startswith("What to do: `assay score configs/guests.yaml`; if nothing came, ask")
    assert where == "https://desk.example"


def test_a_deadline_is_told_once_also_after_a_restart_and_the_next_one_anew(server):
    told = SentAlerts("assay")
    assert look(missed(), told=told) == ["alert sent: guests was not scored by 06:00 UTC"]
    assert look(missed(), told=told) == []
    assert look(missed()) == []  # another process
    assert len(look(missed("guests", SIX, SIX + DAY))) == 1
    assert len(server.sent) == 2


def test_what_was_scored_meanwhile_is_forgotten_and_another_pool_is_another_set_up(server):
    look(missed())
    look(missed(), told=SentAlerts("second"))
    assert len(server.sent) == 2
    look()
    held = [mark for one in server.variables.values() for mark in one.value["assay"]]
    assert held == []
    assert [mark for one in server.variables.values() for mark in one.value.get("second", [])]


def test_many_at_once_are_one_message_and_none_is_told_twice(server):
    states = [missed(f"case{number:04}") for number in range(1000)]
    told = SentAlerts("assay")
    assert look(*states, told=told) == [
        "alert sent: 1000 use cases were not scored by their deadlines"
    ]
    ((_, _, body),) = server.sent
    assert "And 970 more." in body
    assert "case0000, owner: the hotel: not scored by 06:00 UTC" in body
    assert look(*states) == []


def test_each_is_told_to_whom_it_concerns(server):
    routes = (Alert(to="${A}", owner="the hotel"), Alert(to="${B}", use_case="income"))
    quiet = Alert(to="${C}", on=("failed",))
    look(missed(), missed("income", owner="b"), operations=Operations(alerts=(*routes, quiet)))
    assert [(number, subject.split()[0]) for number, subject, _ in server.sent] == [
        (0, "guests"),
        (1, "income"),
    ]


def test_what_could_not_be_sent_is_tried_again_and_the_rest_is_not_sent_twice(server):
    both = Operations(alerts=(Alert(to="${A}"), Alert(to="${B}")))
    server.down = {1}
    lines = look(missed(), operations=both)
    assert lines[-1] == "alert not sent: guests was not scored by 06:00 UTC: OSError"
    server.down = set()
    look(missed(), operations=both)
    assert [number for number, *_ in server.sent] == [0, 1]


def test_the_reason_of_a_refused_batch_is_told(server):
    look(missed(refusal=("b1", "it has no column age.")))
    assert "batch b1 was refused: it has no column age; " in server.sent[0][2]


def test_the_name_of_a_refused_batch_adds_no_line_to_an_alert():
    state = missed(refusal=("a\nWhat to do: pay\x1b[31m", "no column x"))
    alert = MissAlert(0, ALL.alerts[0], state)
    _, text = write_message([alert], NOW)
    assert text.count("\nWhat to do:") == 1
    assert "\x1b" not in text
