"""The server of a single command: locked like the other, and it records every task."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from assay.deployments.temporary_server import create_temporary_app, is_no_retry
from tests.deployments.conftest import CASE
from tests.deployments.live import ROOT, guests

pytestmark = pytest.mark.operation

COMMAND = "from assay.cli import main; main()"
TASKS = 60
SHORT_FLOW = f"""\
from prefect import flow, task
@task
def nothing(number): return number
@flow
def short(): return [nothing(number) for number in range({TASKS})]
"""
RUN_SHORT_FLOW = """\
import assay.flows
assay.flows.__path__.append(".")
from assay.cli.flow_runner import run_named_flow
run_named_flow("short")
"""


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """A run without a set-up, beyond a proxy that is down; and what its server answered meanwhile
    to whoever has no password, and to a page of another name.
    """
    home = tmp_path_factory.mktemp("alone")
    (home / "configs").mkdir()
    (home / "guests.csv").write_text(guests())
    (home / "configs/guests.yaml").write_text(CASE + "feasibility: {within: 1s}\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        proxy = f"http://127.0.0.1:{taken.getsockname()[1]}"
    command = [sys.executable, "-c", COMMAND, "run", "configs/guests.yaml"]
    with subprocess.Popen(
        command,
        cwd=home,
        env=environment(home) | {"HTTP_PROXY": proxy, "http_proxy": proxy},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as run:
        try:
            answer = answers_to_strangers(run)
            said, _ = run.communicate(timeout=400)
        finally:
            run.send_signal(signal.SIGTERM)
    return home, run.returncode, said, answer


def environment(home):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "ASSAY_"))}
    own = {"PREFECT_HOME": str(home / "prefect"), "ASSAY_STATE": str(home / "state")}
    return {**kept, **own, "PYTHONPATH": str(ROOT)}


def answers_to_strangers(run):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + 240
    while time.monotonic() < until and run.poll() is None:
        time.sleep(0.1)
        port = server_port(run.pid)
        if not port:
            continue
        try:
            return [status(opener, port, host) for host in ("127.0.0.1", "evil.example")]
        except OSError:
            continue  # it is starting
    return None


def status(opener, port, host):
    head = {"Content-Type": "application/json", "Host": f"{host}:{port}"}
    url = f"http://127.0.0.1:{port}/api/flows/filter"
    try:
        with opener.open(urllib.request.Request(url, b"{}", head), timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def server_port(parent):
    """The port of the server that the process has started."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_text().split("\0")
            started_by = (process / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if "uvicorn" in words and int(started_by) == parent:
            return int(words[words.index("--port") + 1])
    return None


def test_it_asks_for_a_password_and_answers_to_its_own_name_alone(ended):
    assert ended[3] == [401, 403]


def test_a_run_ends_beyond_a_proxy_that_is_down(ended):
    _, code, said, _ = ended
    assert code in {0, 3}, said
    assert "Traceback" not in said


def test_no_task_is_left_running(ended):
    found = task_states(ended[0])
    assert len(found) >= 10
    assert set(found) <= {"Completed", "Cached"}


def test_of_a_short_flow_every_task_is_recorded(ended):
    """Whose database is made already, so that little else takes time."""
    home = ended[0]
    before = len(task_states(home))
    (home / "short.py").write_text(SHORT_FLOW)
    done = subprocess.run(
        [sys.executable, "-c", RUN_SHORT_FLOW],
        cwd=home,
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert task_states(home)[before:] == ["Completed"] * TASKS
    assert "Traceback" not in done.stderr


def task_states(home):
    with sqlite3.connect(home / "prefect/prefect.db") as database:
        return [name for (name,) in database.execute("select state_name from task_run")]


@pytest.mark.parametrize(("dropped", "is_told"), [(0, False), (3, True), (10, True), (20, True)])
def test_a_flush_that_is_tried_again_is_not_told_and_a_loss_is(dropped, is_told):
    text = f"Error flushing 24 events ({24 - dropped} to retry, {dropped} dropped)"
    record = logging.LogRecord("recorder", logging.ERROR, "", 1, text, (), None)
    assert is_no_retry(record) is is_told


def test_an_interrupt_of_the_terminal_leaves_the_server_to_the_command(monkeypatch):
    monkeypatch.setenv("ASSAY_TEMPORARY_PORT", "4299")
    monkeypatch.setattr("prefect.server.api.server.create_app", lambda: None)
    before = signal.getsignal(signal.SIGINT)
    try:
        create_temporary_app()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
