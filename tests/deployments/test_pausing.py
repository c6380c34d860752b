"""A use case that is paused on a set-up that really runs. Takes a minute."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests.deployments.conftest import CASE
from tests.deployments.live import SetUp, write_home

pytestmark = pytest.mark.operation

SCHEDULE = 'schedule: {train: "0 5 1 1 *", score: 40s, monitor: "0 6 * * *"}\n'
FLOWS = ("train", "score", "monitor", "retrain", "promote")


@pytest.fixture(scope="module")
def set_up(tmp_path_factory):
    home = tmp_path_factory.mktemp("paused")
    score = "score: {source: arrivals/*.csv}\n"
    write_home(home, guests=CASE + SCHEDULE + score, others=CASE, alerts=True)
    with SetUp(home, Silent()).keep_up() as made:
        yield made


class Silent:
    """Where alerts would go."""

    url = "json://127.0.0.1:9/"


def paused(set_up, name="guests"):
    """By flow, whether the deployment is paused."""
    found = {flow: set_up.ask(f"/deployments/name/{flow}/{name}") for flow in FLOWS}
    return {flow: one["paused"] for flow, one in found.items()}


def enabled(set_up):
    """By name, whether an automation of guests is enabled."""
    found = set_up.ask("/automations/filter", {})
    return {one["name"]: one["enabled"] for one in found if "guests" in one["name"]}


def scheduled(set_up):
    return [run for run in set_up.runs("score") if run["state"]["type"] == "SCHEDULED"]


def test_pause_stops_all_of_one_use_case_and_survives_up_and_down(set_up):
    by_hand = set_up.ask("/deployments/name/monitor/guests")
    set_up.ask(f"/deployments/{by_hand['id']}/pause_deployment", {})
    done = set_up.assay("pause", "guests", "--because", "the source is wrong", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["paused"]
    assert "deployment score/guests paused" in told["changed"]
    assert all(paused(set_up).values())
    assert not any(paused(set_up, "others").values())
    asks = "ask a person about a challenger of guests"
    assert [name for name, on in enabled(set_up).items() if on] == [asks]
    assert scheduled(set_up) == []
    notice = set_up.ask("/deployments/name/score/guests")["description"]
    assert "the source is wrong" in notice.partition("\n")[0]

    for _ in range(2):
        assert set_up.up()["changed"] == []
        assert all(paused(set_up).values())
        set_up.assay("down")
    set_up.up()
    assert all(paused(set_up).values())

    done = set_up.assay("resume", "guests", "--because", "it is mended")
    assert done.returncode == 0, done.stderr
    assert {flow for flow, is_so in paused(set_up).items() if is_so} == {"monitor"}
    assert all(enabled(set_up).values())
    assert "Paused" not in set_up.ask("/deployments/name/score/guests")["description"]
    assert set_up.up()["changed"] == []
    log = set_up.assay("log", "guests").stdout
    assert "paused: the source is wrong" in log
    assert "resumed: it is mended" in log


def test_a_pause_ends_by_itself(set_up):
    ends = (datetime.now(UTC) + timedelta(seconds=8)).isoformat(timespec="seconds")
    done = set_up.assay("pause", "guests", "--until", ends, "--because", "a short stop")
    assert done.returncode == 0, done.stderr
    assert "guests: paused by" in set_up.assay("todo").stdout
    server = {"PREFECT_API_URL": set_up.api, "PREFECT_API_AUTH_STRING": set_up.password}
    server |= {"ASSAY_STORE": str(set_up.home / ".assay")}
    keeper = [sys.executable, "-m", "assay.deployments.resume", "assay"]
    for _ in set_up.waiting(60):  # as the keeper does every few minutes
        env = set_up.environment | server
        subprocess.run(keeper, cwd=set_up.home, env=env, check=True, timeout=120)
        if not paused(set_up)["score"]:
            break
    assert not paused(set_up)["score"]
    assert "paused" not in set_up.assay("todo").stdout
