"""A whole set-up on real processes: server, worker, runs, alerts, crashes. Takes minutes."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from assay.running import Running
from tests.deployments.conftest import CASE

pytestmark = pytest.mark.operation

ROOT = Path(__file__).parents[2]
SCHEDULE = 'schedule: {train: "0 5 1 1 *"}\npromotion: {first: automatic}\n'
EMIT = """\
import sys
from prefect.events import emit_event
from prefect.events.worker import EventsWorker
model = {"prefect.resource.id": "assay.model.guests"}
emit_event(sys.argv[1], model, payload={"why": "drift of visits", "evidence": sys.argv[2]})
EventsWorker.drain_all(timeout=30)
"""


def guests(rows=2000):
    draw = random.Random(7)
    lines = ["guest,visits,back"]
    for guest in range(rows):
        visits = draw.randint(0, 40)
        lines.append(f"{guest},{visits},{'yes' if draw.random() < visits / 50 else 'no'}")
    return "\n".join(lines) + "\n"


def free_port():
    """One that is free together with the next, where the reports are served."""
    while True:
        with socket.socket() as probe, socket.socket() as after:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
            with suppress(OSError, OverflowError):
                after.bind(("127.0.0.1", port + 1))
                return port


class Receiver:
    """A service that takes alerts."""

    def __init__(self):
        self.seen = seen = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                seen.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"json://127.0.0.1:{self.server.server_port}/"

    def of(self, name, state):
        return [said for said in self.seen if said["title"] == f"{name}: {state}"]


class SetUp:
    """One that was started in `home`, and what a person does with it."""

    def __init__(self, home, alerts):
        self.home, self.port, self.alerts = home, free_port(), alerts
        self.api = f"http://127.0.0.1:{self.port}/api"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "ASSAY_"))}
        self.environment = {
            **kept,
            "ASSAY_STATE": str(home / "state"),
            "PYTHONPATH": str(ROOT),
            "ALERTS": alerts.url,
            "OMP_NUM_THREADS": "1",
        }

    def assay(self, *arguments, **more):
        command = [sys.executable, "-c", "from assay.cli import main; main()", *arguments]
        return subprocess.run(
            command,
            cwd=self.home,
            env=self.environment | more,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )

    def up(self, *arguments):
        done = self.assay("up", "--port", str(self.port), "--json", *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def pid(self, name):
        return json.loads((self.home / "state/running.json").read_text())["processes"][name]["pid"]

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        head = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.api}{path}", data=data, headers=head)
        for _ in self.waiting(60):
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code != 503:  # SQLite is busy
                    raise
        raise AssertionError(f"{path}: 503 for a minute")

    def run(self, title, **parameters):
        """Ask for a run of a deployment; its id."""
        deployment = self.ask(f"/deployments/name/{title}")["id"]
        asked = {"parameters": parameters} if parameters else {}
        return self.ask(f"/deployments/{deployment}/create_flow_run", asked)["id"]

    def runs(self, flow):
        return self.ask("/flow_runs/filter", {"flows": {"name": {"any_": [flow]}}})

    def until(self, run, *states, patience=240):
        """Wait for one of the states; the run as it is then."""
        found = {}
        for _ in self.waiting(patience):
            found = self.ask(f"/flow_runs/{run}")
            if found["state"]["name"] in states:
                return found
        raise AssertionError(f"{found['state']} and not {states}:\n{self.log('worker')}")

    @staticmethod
    def waiting(patience):
        until = time.monotonic() + patience
        while time.monotonic() < until:
            yield
            time.sleep(0.5)

    def log(self, name):
        return (self.home / f"state/logs/{name}.log").read_text()[-3000:]


@pytest.fixture(scope="module")
def set_up(tmp_path_factory):
    home = tmp_path_factory.mktemp("up")
    (home / "configs").mkdir()
    (home / "guests.csv").write_text(guests())
    case = CASE + SCHEDULE + "feasibility: {within: 2s}\n"
    (home / "configs/guests.yaml").write_text(case)
    (home / "configs/operations.yaml").write_text("alerts: [{to: '${ALERTS}'}]\n")
    made = SetUp(home, Receiver())
    try:
        made.up()
        yield made
    finally:
        made.assay("down")


def test_a_second_time_changes_nothing_and_a_changed_config_is_applied(set_up):
    assert set_up.up()["changed"] == []
    assert set_up.assay("up", "--status").returncode == 0
    file = set_up.home / "configs/guests.yaml"
    file.write_text(file.read_text().replace("0 5 1 1 *", "0 6 1 1 *"))
    assert set_up.up()["changed"] == [
        "deployment train/guests",
        "automation tell when train/guests is silent",
    ]
    found = set_up.ask("/deployments/name/train/guests")
    assert [s["schedule"]["cron"] for s in found["schedules"]] == ["0 6 1 1 *"]


def test_otherwise_than_it_runs_is_refused(set_up):
    done = set_up.assay("up", "--port", str(set_up.port), "--store", str(set_up.home / "other"))
    assert done.returncode == 1
    assert "store is" in done.stderr
    other = set_up.assay("up", "--port", str(set_up.port), ASSAY_STATE=str(set_up.home / "second"))
    assert other.returncode == 1
    assert f"port {set_up.port}" in other.stderr


def test_a_run_says_what_and_when_and_leads_to_its_report(set_up):
    run = set_up.until(set_up.run("train/guests"), "Registered")
    assert run["name"].startswith("train guests, 20")
    assert set(run["tags"]) == {"assay", "guests", "train"}
    wanted = {"artifacts": {"flow_run_id": {"any_": [run["id"]]}}}
    found = set_up.ask("/artifacts/filter", wanted)
    kinds = {(a["key"], a["type"]) for a in found}
    (report,) = [a for a in found if a["key"] == "guests-report"]
    with urllib.request.urlopen(re.search(r"http://[^)\s]+", report["data"])[0]) as page:
        assert b"guests@1" in page.read()
    assert ("guests-feasibility-checks", "table") in kinds
    assert "image" in {kind for _, kind in kinds}


def test_a_failed_run_is_told_of_once(set_up):
    run = set_up.until(set_up.run("train/guests", config="configs/absent.yaml"), "Failed")
    for _ in set_up.waiting(30):
        if set_up.alerts.of(run["name"], "Failed"):
            break
    time.sleep(3)
    (told,) = set_up.alerts.of(run["name"], "Failed")
    assert "no such use case" in told["message"]
    assert run["id"] in told["message"]


def test_what_a_gate_refuses_is_no_crash(set_up):
    never = "performance.beat={dummy: 0.9}"
    run = set_up.until(
        set_up.run("train/guests", config="configs/guests.yaml", overrides=[never]), "Rejected"
    )
    wanted = {"logs": {"flow_run_id": {"any_": [run["id"]]}, "level": {"ge_": 40}}}
    assert [log["message"] for log in set_up.ask("/logs/filter", wanted)] == []


def test_the_monitors_event_retrains(set_up):
    digest = f"sha256:{'0' * 64}"
    environment = set_up.environment | {"PREFECT_API_URL": set_up.api}
    command = [sys.executable, "-c", EMIT, "assay.retrain.wanted", digest]
    subprocess.run(command, env=environment, check=True, timeout=120)
    runs = []
    for _ in set_up.waiting(30):
        if runs := set_up.runs("retrain"):
            break
    (run,) = runs
    assert run["parameters"]["because"] == "drift of visits"
    assert run["parameters"]["evidence"] == digest
    assert run["parameters"]["by"] == "monitor"
    ended = set_up.until(run["id"], "Challenger", "Registered", "Declined", "Rejected", "Failed")
    if ended["state"]["name"] == "Challenger":  # then a person is asked
        for _ in set_up.waiting(30):
            if asked := set_up.runs("promote"):
                break
        assert [one["parameters"]["reference"] for one in asked] == [ended["state"]["message"]]


def test_a_killed_run_is_told_of_once_and_goes_on(set_up):
    run = set_up.run(
        "train/guests", config="configs/guests.yaml", always=True, overrides=["seed=5"]
    )
    name = set_up.until(run, "Running")["name"]
    os.kill(process_of(run), signal.SIGKILL)
    for _ in set_up.waiting(120):
        if set_up.alerts.of(name, "Crashed"):
            break
    found = set_up.until(run, "Registered", "Challenger")
    assert found["run_count"] == 2
    assert len(set_up.alerts.of(name, "Crashed")) == 1


def process_of(run):
    """The number of the process that runs it."""
    mark = f"PREFECT__FLOW_RUN_ID={run}".encode()
    (found,) = [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if b"deployments.engine" in held(process / "cmdline") and mark in held(process / "environ")
    ]
    return found


def held(file):
    try:
        return file.read_bytes()
    except OSError:
        return b""


def test_the_bucket_is_looked_after(set_up):
    run = set_up.until(set_up.run("maintain/bucket"), "Maintained", "Damaged", "Failed")
    assert run["state"]["name"] == "Maintained"
    assert "objects intact" in run["state"]["message"]


def test_a_command_uses_the_server_that_is_up(set_up):
    done = set_up.assay("run", "configs/guests.yaml", "--set", "seed=9", "--store", ".other")
    assert done.returncode in {0, 3}, done.stderr
    assert [r for r in set_up.runs("train") if r["parameters"].get("store") == ".other"]


def test_a_killed_server_is_started_again(set_up):
    killed = set_up.pid("server")
    os.kill(killed, signal.SIGKILL)
    for _ in set_up.waiting(120):
        if set_up.pid("server") != killed and set_up.assay("up", "--status").returncode == 0:
            break
    assert set_up.pid("server") != killed
    assert set_up.assay("up", "--status").returncode == 0


def test_down_stops_what_it_started_and_nothing_else(set_up):
    before = Running.read(set_up.home / "state")
    names = ("keeper", "server", "pages", "worker")
    assert all(before.alive(name) for name in names)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"]) as bystander:
        assert set_up.assay("down").returncode == 0
        assert bystander.poll() is None
        bystander.kill()
    assert not any(before.alive(name) for name in names)
    assert set_up.assay("up", "--status").returncode == 1
    assert set_up.assay("down").returncode == 0
    set_up.up()
    assert len(set_up.runs("train")) >= 3  # what was, is there again
