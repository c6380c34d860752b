"""A whole set-up on real processes: server, worker, runs, alerts, crashes. Takes minutes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from assay.deployments.setup_state import SetupState
from tests.deployments.conftest import CASE
from tests.deployments.live import Receiver, SetUp, process_of, write_home
from tests.faults.postgres import postgres

pytestmark = pytest.mark.operation

SCHEDULE = 'schedule: {train: "0 5 1 1 *"}\npromotion: {first: automatic}\n'
EMIT = """\
import sys
from prefect.events import emit_event
from prefect.events.worker import EventsWorker
model = {"prefect.resource.id": "assay.model.guests"}
emit_event(sys.argv[1], model, payload={"why": "drift of visits", "evidence": sys.argv[2]})
EventsWorker.drain_all(timeout=30)
"""


@pytest.fixture(scope="module")
def set_up(tmp_path_factory):
    home = tmp_path_factory.mktemp("up")
    write_home(home, guests=CASE + SCHEDULE + "feasibility: {within: 2s}\n", alerts=True)
    # A server that finds its SQLite locked handles an event again and tells the same twice.
    # How often something is told can be held to a number on PostgreSQL alone.
    with (
        postgres() as database,
        SetUp(home, Receiver()).keep_up("--database", database.url) as made,
    ):
        yield made


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
    assert b"guests@1" in set_up.get(re.search(r"http://[^)\s]+", report["data"])[0])
    assert ("guests-feasibility-checks", "table") in kinds
    assert {("guests-report", "markdown"), ("guests-history", "markdown")} <= kinds


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
    server = {"PREFECT_API_URL": set_up.api, "PREFECT_API_AUTH_STRING": set_up.password}
    environment = set_up.environment | server
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


def test_the_bucket_is_looked_after(set_up):
    run = set_up.until(set_up.run("maintain/bucket"), "Maintained", "Damaged", "Failed")
    assert run["state"]["name"] == "Maintained"
    assert "objects intact" in run["state"]["message"]


def test_a_command_uses_the_server_of_its_bucket_alone(set_up):
    for store, seed in ((".assay", 9), (".other", 8)):
        words = ("configs/guests.yaml", "--set", f"seed={seed}", "--store", store)
        done = set_up.assay("run", *words)
        assert done.returncode in {0, 3}, done.stderr
    asked = [run["parameters"].get("overrides") for run in set_up.runs("train")]
    assert asked.count(["seed=9"]) == 1
    assert ["seed=8"] not in asked


def test_a_killed_server_is_started_again(set_up):
    killed = set_up.pid("server")
    os.kill(killed, signal.SIGKILL)
    for _ in set_up.waiting(120):
        new = set_up.pid("server") not in {killed, None}
        if new and set_up.assay("up", "--status").returncode == 0:
            break
    assert set_up.pid("server") not in {killed, None}
    assert set_up.assay("up", "--status").returncode == 0


def test_down_stops_what_it_started_and_nothing_else(set_up):
    before = SetupState.read(set_up.home / "state")
    names = ("keeper", "server", "pages", "worker")
    assert all(before.is_alive(name) for name in names)
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"]) as bystander:
        assert set_up.assay("down").returncode == 0
        assert bystander.poll() is None
        bystander.kill()
    assert not any(before.is_alive(name) for name in names)
    assert set_up.assay("up", "--status").returncode == 1
    assert set_up.assay("down").returncode == 0
    set_up.up()
    assert len(set_up.runs("train")) >= 3  # what was, is there again
