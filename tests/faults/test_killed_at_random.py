"""Any process of a set-up may be killed at any moment: the work is done in the end, and once.

Fifty runs, each with a kill at a random moment of it, with ASSAY_TEST_FAULTS=all; else one for each
process there is.
"""

from __future__ import annotations

import random
import time

import pytest

from tests.faults.conftest import ALL
from tests.faults.sound import sound
from tests.faults.team import NAMES, say

pytestmark = pytest.mark.faults


def kill_flow(team, asked, draw):
    team.kill_flow(asked)


def kill_worker(team, asked, draw):
    team.kill("worker")


def kill_server(team, asked, draw):
    team.kill("server")


def kill_postgres(team, asked, draw):
    """Started again as a service manager would."""
    team.postgres.kill()
    time.sleep(draw.uniform(0, 5))
    team.postgres.start()


def kill_gateway(team, asked, draw):
    team.gateway.kill()
    time.sleep(draw.uniform(0, 5))
    team.gateway.start()


KILLS = (kill_flow, kill_worker, kill_server, kill_postgres, kill_gateway)


# A flow's process is killed below in any case.
@pytest.mark.parametrize("number", range(50) if ALL else range(1, len(KILLS)))
def test_a_run_is_done_once_whatever_is_killed(team, seed, number):
    draw = random.Random(f"{seed} {number}")
    kill = KILLS[number % len(KILLS)]
    team.alerts.seen.clear()
    name = NAMES[number % len(NAMES)]
    asked = team.score(name) if number % 3 == 2 else team.train(name)
    since = draw.choice(["was asked for", "began", "began"])
    if since == "began":
        team.begun(asked)
    after = draw.uniform(0, 10)
    time.sleep(after)
    say(f"{number}: {kill.__name__} {after:.1f} s after {asked.flow} {name} {since}")
    kill(team, asked, draw)
    asked.finished = team.finished()
    sound(team, [asked])


def test_steps_that_were_finished_are_not_done_again(team):
    """At a moment where there is something to lose."""
    team.alerts.seen.clear()
    before, asked = len(team.finished()), team.train("guests")
    for _ in team.waiting(120):
        if len(team.finished()) >= before + 4:
            break
    team.kill_flow(asked)
    asked.finished = team.finished()
    sound(team, [asked])
    assert (asked.states.count("Crashed"), asked.begun) == (1, 2)
    assert asked.kept >= 4


def test_a_run_that_dies_before_it_begins_is_started_again(team):
    """Prefect has no count of such: its process has told nobody of itself yet."""
    team.alerts.seen.clear()
    asked = team.score("guests")
    team.kill_flow(asked)
    sound(team, [asked])
    assert asked.states.count("Crashed") == asked.states.count("Unbegun") == asked.begun == 1
