"""A network that is lost for a minute: nothing comes through to bucket and database, and nobody is
told.
"""

from __future__ import annotations

import random
import time

import pytest

from tests.faults.conftest import ALL
from tests.faults.sound import sound
from tests.faults.team import say

pytestmark = pytest.mark.faults


LASTS = 60.0 if ALL else 20.0  # seconds


@pytest.mark.parametrize("number", range(3 if ALL else 1))
def test_runs_outlast_a_lost_network(team, seed, number):
    team.alerts.seen.clear()
    asked = [team.train("guests"), team.score("diners")]
    team.begun(asked[0])
    after = random.Random(f"{seed} network {number}").uniform(0, 8)
    time.sleep(after)
    say(f"the network is lost {after:.1f} s after the first began")
    with team.network.cut():
        time.sleep(LASTS)
    assert team.network.lost
    for one in asked:
        one.finished = team.finished()
    sound(team, asked)
