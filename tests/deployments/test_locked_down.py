"""A set-up on real processes refuses whoever has no password, and whatever a web page sends."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from tests.deployments.conftest import CASE
from tests.deployments.live import Receiver, SetUp, write_home

pytestmark = pytest.mark.operation

EVIL = "http://evil.example"
# What a page may send: read, make a flow without a preflight, and the same by another name.
ATTACKS = {
    "read": ("/deployments/filter", b"{}", {"Content-Type": "application/json"}),
    "blind POST": ("/flows/", b'{"name": "drive-by"}', {"Content-Type": ""}),
    "rebinding": ("/flows/", b'{"name": "drive-by"}', {"Host": "evil.example"}),
    "origin": ("/flows/", b'{"name": "drive-by"}', {"Origin": EVIL}),
    "file": ("/flows/", b'{"name": "drive-by"}', {"Origin": "null"}),
}


class Proxy:
    """Counts who comes, and answers nobody."""

    def __init__(self):
        self.seen = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self):
        while True:
            caller, _ = self.listener.accept()
            with caller:
                self.seen.append(caller.recv(200))


@pytest.fixture(scope="module")
def proxy():
    return Proxy()


@pytest.fixture(scope="module")
def set_up(tmp_path_factory, proxy):
    """One where everything outside is reached through a proxy."""
    home = tmp_path_factory.mktemp("locked")
    write_home(home, guests=CASE)
    made = SetUp(home, Receiver())
    made.environment |= {"HTTP_PROXY": proxy.url, "http_proxy": proxy.url, "no_proxy": "x.example"}
    made.environment.pop("NO_PROXY", None)
    with made.keep_up():
        yield made


def status(url, data=None, headers=None):
    request = urllib.request.Request(url, data, headers or {})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_page_sends_is_refused(set_up, attack):
    path, body, headers = ATTACKS[attack]
    assert status(set_up.api + path, body, headers) in {401, 403}
    assert set_up.ask("/flows/filter", {"flows": {"name": {"any_": ["drive-by"]}}}) == []


@pytest.mark.parametrize("attack", ["rebinding", "origin", "file"])
def test_it_is_refused_with_the_password_too(set_up, attack):
    path, body, headers = ATTACKS[attack]
    assert status(set_up.api + path, body, headers | set_up.credentials()) == 403


@pytest.mark.parametrize("path", ["", "metrics", "0" * 64])
def test_the_reports_need_the_password_and_the_right_name(set_up, path):
    url = f"{set_up.pages}{path}"
    assert status(url) == 401
    assert status(url, headers=set_up.credentials() | {"Host": "evil.example"}) == 403


@pytest.mark.parametrize(
    "path", ["events/in", "events/out", "logs/out", "task_runs/subscriptions/scheduled"]
)
@pytest.mark.parametrize("origin", [EVIL, "null"])
def test_no_page_opens_a_websocket(set_up, path, origin):
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    url = f"{set_up.api.replace('http', 'ws')}/{path}"
    with pytest.raises(InvalidStatus, match="403"):
        connect(url, origin=origin, proxy=None).close()


def test_nobody_writes_events_without_the_password(set_up):
    from websockets.exceptions import ConnectionClosed, InvalidStatus
    from websockets.sync.client import connect

    event = {"id": str(uuid4()), "event": "drive-by", "occurred": datetime.now(UTC).isoformat()}
    resource = {"prefect.resource.id": "assay.model.guests"}
    url = f"{set_up.api.replace('http', 'ws')}/events/in"
    refused = suppress(InvalidStatus, ConnectionClosed, TimeoutError)
    with refused, connect(url, proxy=None) as opened:
        opened.send(json.dumps(event | {"resource": resource}))
        opened.recv(timeout=3)
    found = set_up.ask("/events/filter", {"filter": {"event": {"name": ["drive-by"]}}})
    assert found["events"] == []


def test_no_page_frames_the_dashboard(set_up):
    with urllib.request.urlopen(set_up.api.removesuffix("api"), timeout=30) as answer:
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_the_password_is_for_the_users_eyes_alone(set_up):
    state = set_up.home / "state"
    secret = (state / "password").read_text()
    assert len(secret) >= 43
    for file in ("password", "prefect/profiles.toml"):
        assert (state / file).stat().st_mode & 0o777 == 0o600
    held = [file for file in state.rglob("*") if file.is_file() and secret in text(file)]
    assert {str(file.relative_to(state)) for file in held} == {"password", "prefect/profiles.toml"}
    assert not [p for p in Path("/proc").glob("[0-9]*") if secret in text(p / "cmdline")]


def text(file):
    with suppress(OSError):
        return file.read_bytes().decode(errors="replace")
    return ""


def test_prefects_own_commands_need_nothing_else_set(set_up):
    environment = set_up.environment | {"PREFECT_HOME": str(set_up.home / "state/prefect")}
    environment["no_proxy"] = "127.0.0.1"  # this is not started by us
    command = [sys.executable, "-m", "prefect", "work-pool", "ls"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "assay" in done.stdout


def test_nothing_of_this_machine_goes_through_a_proxy(set_up, proxy):
    assert set_up.assay("up", "--status").returncode == 0
    for _ in set_up.waiting(30):
        if set_up.ask("/work_pools/assay/workers/filter", {}):
            break
    assert set_up.ask("/work_pools/assay/workers/filter", {})
    assert [line for line in proxy.seen if b"127.0.0.1" in line] == []


def test_each_start_makes_another_password(set_up):
    """Last: it starts the set-up anew."""
    before = set_up.password
    assert set_up.assay("down").returncode == 0
    set_up.up()
    assert set_up.password != before
    old = {"Authorization": f"Basic {base64.b64encode(before.encode()).decode()}"}
    assert status(f"{set_up.api}/deployments/count", b"{}", old) == 401
