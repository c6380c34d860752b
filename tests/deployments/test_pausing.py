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

SCHEDULE = 'schedule: {train: "0 5 1 1 *", score: 12h, monitor: "0 6 * * *"}\n'
FLOWS = ("train", "score", "monitor", "retrain", "promote", "backfill")


@pytest.fixture(scope="module")
def set_up(tmp_path_factory):
    home = tmp_path_factory.mktemp("paused")
    score = "score: {source: arrivals/*.csv}\n"
    more = "feasibility: {within: 2s}\npromotion: {first: automatic}\n"
    write_home(home, guests=CASE + SCHEDULE + score + more, others=CASE, alerts=True)
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
    ends = (datetime.now(UTC) + timedelta(seconds=90)).isoformat(timespec="seconds")
    done = set_up.assay("pause", "guests", "--until", ends, "--because", "a short stop")
    assert done.returncode == 0, done.stderr
    assert "guests: paused by" in set_up.assay("todo").stdout
    server = {"PREFECT_API_URL": set_up.api, "PREFECT_API_AUTH_STRING": set_up.password}
    server |= {"ASSAY_STORE": str(set_up.home / ".assay")}
    keeper = [sys.executable, "-m", "assay.deployments.resume", "assay"]
    for _ in set_up.waiting(240):  # as the keeper does every few minutes
        env = set_up.environment | server
        subprocess.run(keeper, cwd=set_up.home, env=env, check=True, timeout=120)
        if not paused(set_up)["score"]:
            break
    assert not paused(set_up)["score"]
    assert "paused" not in set_up.assay("todo").stdout


def test_a_missed_week_is_made_up_for_while_the_use_case_is_paused(set_up):
    set_up.until(set_up.run("train/guests"), "Registered")
    arrivals = set_up.home / "arrivals"
    for day in range(2, 9):
        arrivals.mkdir(exist_ok=True)
        rows = [f"{1000 * day + n},{n % 40}" for n in range(50)]
        (arrivals / f"2026-03-0{day}.csv").write_text("guest,visits\n" + "\n".join(rows) + "\n")
    assert set_up.assay("pause", "guests", "--because", "a week is missing").returncode == 0
    config, days = {"config": "configs/guests.yaml"}, {"first": "2026-03-02", "last": "2026-03-08"}
    run = set_up.run("backfill/guests", **config, **days, look=False)
    ended = set_up.until(run, "Backfilled", "Incomplete", "Failed")
    assert ended["name"] == "backfill guests, 2026-03-02 to 2026-03-08"
    assert ended["state"]["message"] == "7 batches scored, 350 rows"
    again = set_up.assay(
        "backfill", "configs/guests.yaml", "--from", days["first"], "--to", days["last"],
        "--no-look", "--json",
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    told = json.loads(again.stdout)
    assert (told["plan"]["known"], told["plan"]["days"], told["outcome"]) == (7, [], None)
    entries = json.loads(set_up.assay("log", "guests", "--kind", "scored", "--json").stdout)
    moments = [entry["body"]["as_of"][:10] for entry in entries["guests.batches"]]
    assert moments == [f"2026-03-0{day}" for day in range(2, 9)]
    assert set_up.assay("resume", "guests").returncode == 0
