"""An S3 server that misbehaves, and one that is away for longer than anybody waits."""

from __future__ import annotations

import pytest

from tests.faults.conftest import ALL
from tests.faults.sound import sound

pytestmark = pytest.mark.faults

# How many requests are spoilt of each kind.
MIXED = {"unavailable": 6, "reset": 6, "answer_lost": 6, "truncated": 6}
WORSE = [{kind: 20} for kind in MIXED] + [{"late": 2}]  # a late answer takes a minute


@pytest.mark.parametrize("counts", [MIXED, *(WORSE if ALL else ())], ids="-".join)
def test_runs_get_through_bad_weather(team, counts):
    team.alerts.seen.clear()
    with team.middle.weather(0.1, **counts) as left:
        sound(team, [team.train("guests"), team.score("diners")])
    assert sum(left.values()) < sum(counts.values()) / 2


if ALL:  # it waits until nobody waits any more

    def test_a_store_that_stays_away_fails_a_run_which_goes_on_when_asked_to(team):
        team.alerts.seen.clear()
        before, asked = len(team.finished()), team.train("guests")
        for _ in team.waiting(120):
            if len(team.finished()) >= before + 3:
                break
        with team.middle.weather(1.0, unavailable=10**6):
            failed = team.ended(asked)
        assert failed["state"]["name"] == "Failed"
        assert "the server failed, several times over" in failed["state"]["message"]
        asked.finished = team.finished()
        team.retry(asked)
        sound(team, [asked])
        assert asked.kept >= 3
