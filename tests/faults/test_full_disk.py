"""A disk that runs full under a bucket, and under everything that a laptop's set-up keeps."""

from __future__ import annotations

import random
import time

import pytest

from assay.bucket.journal import Journal
from assay.registry.open import open_bucket
from assay.upkeep.verification import verify_bucket
from tests.deployments.live import Receiver, SetUp
from tests.faults.conftest import ALL
from tests.faults.disk import disk, full
from tests.faults.sound import conclude, repeated, told_once
from tests.faults.team import say, write

pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    with disk(tmp_path_factory.mktemp("disk"), 32 << 20) as found:
        yield found


@pytest.mark.parametrize("number", range(5 if ALL else 1))
def test_a_run_goes_on_once_there_is_room_again(team, small, seed, number):
    team.alerts.seen.clear()
    but = random.Random(f"{seed} disk {number}").randrange(300_000)
    store = str(small / f"bucket-{number}")
    with full(small, but=but):
        say(f"{but:,} bytes of room")
        asked = team.train("guests", store=store)
        assert conclude(team, asked) == "Failed"
    assert "no space left" in asked.message
    bucket = open_bucket(store)
    assert verify_bucket(bucket).problems == ()
    asked.finished = team.finished(bucket)
    team.retry(asked)
    assert conclude(team, asked) == "Registered"
    assert verify_bucket(bucket).problems == ()
    kinds = [entry.kind for entry in Journal(bucket, "guests").entries()]
    assert kinds == ["registered", "promoted"]
    assert repeated(asked, bucket) == set()
    told_once(team, [asked])


if ALL:  # it waits for what was given up meanwhile

    def test_a_laptop_whose_whole_disk_was_full_goes_on_by_itself(tmp_path):
        """Database, logs, state and bucket are on it."""
        with disk(tmp_path, 256 << 20) as at:
            write(at)
            laptop = SetUp(at, Receiver())
            try:
                laptop.up("--store", str(at / "bucket"))
                laptop.until(laptop.run("train/guests"), "Registered")
                config = "configs/guests.yaml"
                run = laptop.run("train/guests", config=config, overrides=["seed=3"])
                laptop.until(run, "Running")
                with full(at, but=0):
                    time.sleep(60)
                assert laptop.assay("up", "--status").returncode == 0
                ended = laptop.until(run, "Registered", "Challenger", "Failed", patience=600)
                if ended["state"]["name"] == "Failed":
                    assert "no space left" in ended["state"]["message"]
                    again = laptop.run("train/guests", config=config, overrides=["seed=3"])
                    laptop.until(again, "Registered", "Challenger")
                bucket = open_bucket(str(at / "bucket"))
                assert verify_bucket(bucket).problems == ()
                assert [e.kind for e in Journal(bucket, "guests").entries()].count(
                    "registered"
                ) == 2
            finally:
                laptop.assay("down")
