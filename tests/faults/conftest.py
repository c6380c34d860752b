"""One set-up for all faults, and the seed that chooses their moments."""

from __future__ import annotations

import os
import random

import pytest
import servers

from tests.faults.gateway import Gateway
from tests.faults.postgres import postgres
from tests.faults.sound import sound
from tests.faults.team import NAMES, Team, say, write

ALL = os.environ.get("ASSAY_TEST_FAULTS") == "all"


@pytest.fixture(scope="session")
def seed():
    return int(os.environ.get("ASSAY_TEST_SEED") or random.SystemRandom().randrange(10**6))


@pytest.fixture(autouse=True)
def told(seed):
    """So that a failure can be tried again: ASSAY_TEST_SEED=... make faults."""
    say(f"ASSAY_TEST_SEED={seed}")


@pytest.fixture(scope="session")
def team(tmp_path_factory, seed):
    """Up, and each use case with a champion."""
    home, cluster = tmp_path_factory.mktemp("team"), tmp_path_factory.mktemp("ceph")
    write(home)
    with postgres() as database, servers.ceph(cluster) as s3:
        made = Team(home, database, Gateway(cluster, s3.endpoint), s3, seed)
        try:
            made.start()
            sound(made, [made.train(name) for name in NAMES])
            yield made
        finally:
            made.stop()
