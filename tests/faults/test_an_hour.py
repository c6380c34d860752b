"""Scheduled runs under random kills: nothing is lost, nothing is done twice, nobody is asked.

A batch comes about every half minute and is scored on schedule, while processes are killed at
random moments. Once, the machine reboots: `assay down`, then `assay up`. Beside the good use cases
lies a bad one all the while, and the environment names a proxy that answers nobody. A minute of
it, an hour with ASSAY_TEST_FAULTS=all.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from contextlib import suppress

import pytest
import servers

from assay.bucket.journal import Journal
from assay.registry.batch_ledger import BatchLedger
from assay.upkeep.verification import verify_bucket
from tests.deployments.live import process_of
from tests.faults.conftest import ALL
from tests.faults.gateway import Gateway
from tests.faults.postgres import postgres
from tests.faults.sound import conclude, delivered, nothing_twice
from tests.faults.team import NAMES, Team, say, write
from tests.faults.test_killed_at_random import kill_gateway, kill_postgres, kill_server, kill_worker

pytestmark = pytest.mark.faults

MINUTES = 60 if ALL else 1
ROWS = 50  # of a batch
PROXY = "http://127.0.0.1:9"  # the discard port: nobody answers


class BesideABadUseCase(Team):
    """`assay up` brings up the good ones, names the bad one, and says so by its exit code."""

    def __init__(self, *parts):
        super().__init__(*parts)
        # Clients of a bucket are kept by its URL: this one's servers end before the others'.
        self.store = "s3://assay-test/hour"

    def up(self, *arguments):
        done = self.assay("up", "--port", str(self.port), "--json", *arguments)
        assert done.returncode == 1, done.stderr
        found = json.loads(done.stdout)
        assert list(found.get("bad_use_cases", ())) == ["configs/bad.yaml"], found
        return found


@pytest.fixture
def team(tmp_path, seed):
    home, cluster = tmp_path / "team", tmp_path / "ceph"
    home.mkdir()
    cluster.mkdir()
    write(home)
    for name in NAMES:
        with (home / f"configs/{name}.yaml").open("a") as text:
            text.write('schedule: {score: "* * * * *"}\n')
    (home / "configs/bad.yaml").write_text("question: What is missing here?\n")
    before = dict(os.environ)
    with postgres() as database, servers.ceph(cluster) as s3:
        made = BesideABadUseCase(home, database, Gateway(cluster, s3.endpoint), s3, seed)
        made.environment |= dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy"), PROXY)
        try:
            made.start()
            for asked in [made.train(name) for name in NAMES]:
                assert conclude(made, asked) == "Registered", asked.message
            yield made
        finally:
            made.stop()
            os.environ.clear()
            os.environ.update(before)


def kill_running_flow(team, asked, draw):
    """Whichever runs just now; perhaps none."""
    running = {"flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}}}
    for run in team.ask("/flow_runs/filter", running):
        with suppress(ValueError, ProcessLookupError):  # it may have ended just now
            os.kill(process_of(run["id"]), signal.SIGKILL)
            return


KILLS = (
    kill_running_flow,
    kill_running_flow,
    kill_worker,
    kill_server,
    kill_postgres,
    kill_gateway,
)


def bring_batch(team, name, number):
    """A file of rows that nobody scored before; how many rows."""
    rows = [f"{100_000 + ROWS * number + row},{row % 41}" for row in range(ROWS)]
    part = team.home / f"{number}.part"
    part.write_text("\n".join(["guest,visits", *rows]) + "\n")
    part.rename(team.home / name / f"{number}.csv")  # whole, as whoever delivers would


def reboot(team):
    assert team.assay("down").returncode == 0
    team.start()


def scored(team, name):
    return [batch.name for batch in BatchLedger(team.bucket, name).read().scored_batches]


def test_scheduled_runs_lose_nothing_do_nothing_twice_and_ask_nobody(team, seed):
    draw = random.Random(f"{seed} hour")
    began = time.monotonic()
    brought, kills, rebooted = dict.fromkeys(NAMES, 0), 0, False
    while time.monotonic() - began < 60 * MINUTES:
        name = draw.choice([one for one in NAMES if not brought[one]] or NAMES)
        brought[name] += 1
        bring_batch(team, name, 1_000 + sum(brought.values()))
        time.sleep(draw.uniform(10, 50 if ALL else 20))
        if not rebooted and time.monotonic() - began > 30 * MINUTES:
            say("a reboot")
            reboot(team)
            rebooted = True
        elif draw.random() < 0.5:
            kill = draw.choice(KILLS)
            say(f"{kill.__name__} after {time.monotonic() - began:.0f} s")
            kill(team, None, draw)
            kills += 1
    say(f"{sum(brought.values())} batches, {kills} kills")
    for _ in team.waiting(600):
        if all(len(scored(team, name)) == brought[name] for name in NAMES):
            break
    for name in NAMES:
        assert len(scored(team, name)) == brought[name], f"{name}\n{team.log('worker')}"
        for _ in team.waiting(120):  # the ledger knows a batch before others can read it
            rows = delivered(team, name)
            if len(rows) == ROWS * brought[name]:
                break
        assert len(rows) == ROWS * brought[name]
        assert set(rows.values()) <= {1}
        promoted = [e for e in Journal(team.bucket, name).entries() if e.kind == "promoted"]
        assert len(promoted) == 1
    nothing_twice(team)
    assert verify_bucket(team.bucket).problems == ()
    todo = json.loads(team.assay("todo", "--json", "--store", team.store).stdout)
    waiting = {(item["kind"], item["subject"]) for item in todo["todo"]}
    assert {subject for kind, subject in waiting if kind == "bad_use_case"} == {"configs/bad.yaml"}
    assert not {kind for kind, _ in waiting} & {"approval", "retrain", "integrity", "failed"}
