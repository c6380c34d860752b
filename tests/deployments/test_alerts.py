"""Alerts of bad use cases: to those who want them, once for each change of the file."""

import asyncio
from pathlib import Path
from types import SimpleNamespace as Row
from uuid import uuid4

import pytest
from prefect.exceptions import ObjectNotFound

from assay.config.operations import Alert, Operations
from assay.deployments import alerts
from assay.deployments.deployment_plan import BadUseCase
from assay.errors import ConfigError

RECEIVER = Operations(alerts=(Alert(to="json://${ALERTS}/"),))


class Server:
    """Keeps blocks and variables as Prefect's client does."""

    def __init__(self):
        self.variable, self.sent, self.down, self.written = None, [], False, 0
        self.block = uuid4()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass

    async def read_variable_by_name(self, name):
        return self.variable

    async def create_variable(self, variable):
        assert self.variable is None
        self.variable, self.written = Row(value=variable.value), self.written + 1

    async def update_variable(self, variable):
        assert self.variable is not None
        self.variable, self.written = Row(value=variable.value), self.written + 1

    async def read_block_document(self, id_, include_secrets):
        assert include_secrets
        if id_ != self.block:
            raise ObjectNotFound(Exception())
        return self


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    made = Server()

    class Receiver:
        def raise_on_failure(self):
            return self

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return False

        async def notify(self, body, subject):
            if made.down:
                raise OSError("https://secret.example is down")
            made.sent.append((subject, body))

    async def ensured(*_):
        return made.block

    monkeypatch.setattr(alerts, "get_client", lambda: made)
    monkeypatch.setattr(alerts, "_ensure_alert_block", ensured)
    monkeypatch.setattr(alerts.Block, "_from_block_document", lambda _: Receiver())
    return made


def bad(name="a.yaml", text="targt: 1\n"):
    Path(name).write_text(text)
    return BadUseCase(name, ConfigError("unknown key 'targt'", where=f"{name}:1"))


def alert(*files, operations=RECEIVER, pool="assay"):
    return asyncio.run(alerts.alert_bad_use_cases(operations, pool, files))


def test_a_bad_file_is_told_once_and_again_when_it_changed(server):
    assert alert(bad()) == ["alert of a.yaml sent"]
    ((subject, body),) = server.sent
    assert subject == "a.yaml is no use case"
    assert "unknown key 'targt'" in body
    assert alert(bad()) == []
    assert alert(bad(), bad("b.yaml")) == ["alert of b.yaml sent"]
    assert alert(bad(text="targt: 2"), bad("b.yaml")) == ["alert of a.yaml sent"]
    assert len(server.sent) == 3


def test_what_was_mended_and_broken_again_is_told_again(server):
    alert(bad())
    assert alert() == []
    assert alert(bad()) == ["alert of a.yaml sent"]


def test_nothing_is_written_while_nothing_changes(server):
    alert()
    assert server.written == 0
    alert(bad())
    alert(bad())
    assert server.written == 1


def test_each_set_up_of_a_server_keeps_its_own(server):
    alert(bad())
    assert alert(bad(), pool="second") == ["alert of a.yaml sent"]
    assert alert(bad()) == []


def test_what_could_not_be_sent_is_said_without_the_address_and_tried_again(server):
    server.down = True
    (line,) = alert(bad())
    assert line == "alert of a.yaml not sent: OSError"
    server.down = False
    assert alert(bad()) == ["alert of a.yaml sent"]


@pytest.mark.parametrize("operations", [Operations(), None])
def test_who_did_not_ask_for_it_is_told_nothing(server, operations):
    other = Operations(alerts=(Alert(to="json://${ALERTS}/", on=("failed",)),))
    assert alert(bad(), operations=operations or other) == []
    assert server.sent == []


@pytest.mark.parametrize(
    ("route", "number"),
    [
        ({"use_case": "a"}, 1),
        ({"use_case": "b"}, 0),
        ({"owner": "The hotel"}, 1),
        ({"owner": "others"}, 0),
    ],
)
def test_a_bad_file_goes_to_whom_it_names(server, route, number):
    operations = Operations(alerts=(Alert(to="json://${ALERTS}/", **route),))
    one = bad(text="owner: the hotel\ntargt: 1\n")
    assert len(alert(one, operations=operations)) == number
    assert len(server.sent) == number


def test_what_is_no_yaml_at_all_goes_to_those_who_take_all(server):
    assert alert(bad(text="- ]\n")) == ["alert of a.yaml sent"]
    routed = Operations(alerts=(Alert(to="json://${ALERTS}/", owner="the hotel"),))
    assert alert(bad(text="- ]  \n"), operations=routed) == []


@pytest.mark.parametrize(
    ("to", "known", "sent"),
    [
        ("json://${ALERTS}/", "json://here/", True),
        ("json://${ALERTS}/", "json://elsewhere/", False),
        ("json://${UNSET}/", "json://elsewhere/", True),  # its owner alone knows it
        ("json://${ALERTS}/", None, False),
    ],
)
def test_the_watch_sends_nothing_to_a_destination_that_is_another_by_now(
    server, monkeypatch, to, known, sent
):
    monkeypatch.setenv("ALERTS", "here")
    monkeypatch.delenv("UNSET", raising=False)

    async def read(_name, _kind):
        if known is None:
            raise ObjectNotFound(Exception())
        return Row(id=server.block, data={"url": known})

    server.read_block_document_by_name = read
    told = asyncio.run(alerts.send_alert(server, 0, Alert(to=to), ("subject", "body")))
    assert (told == "", bool(server.sent)) == (sent, sent)
