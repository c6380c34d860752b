"""What must be true of a team's set-up whatever happened to it."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import datetime

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.journal import Journal
from assay.config.operations import Operations
from assay.deployments.alert_automations import alert_kinds
from assay.registry.batch_ledger import BatchLedger
from assay.upkeep.verification import verify_bucket
from tests.faults.team import NAMES, Asked, Team

_TOLD = {state for kind in alert_kinds(Operations()).values() for state in kind.states}
_GOOD = {"train": {"Registered", "Challenger"}, "score": {"Scored"}}


def sound(team: Team, asked: list[Asked]) -> None:
    """Wait for what was asked for to end well, and look."""
    for one in asked:
        assert conclude(team, one) in _GOOD[one.flow], (one.states, one.message)
    assert verify_bucket(team.bucket).problems == ()
    nothing_twice(team)
    for one in asked:
        assert repeated(one, team.bucket) == set()
    told_once(team, asked)


def conclude(team: Team, asked: Asked) -> str:
    """Wait for the end, and keep what there was to it. The name of the last state."""
    ended, history = team.ended(asked), team.states(asked)
    asked.name, asked.message = ended["name"], ended["state"]["message"]
    asked.states, asked.begun = [state["name"] for state in history], ended["run_count"]
    asked.last = max((s["timestamp"] for s in history if s["name"] == "Running"), default="")
    return ended["state"]["name"]


def nothing_twice(team: Team) -> None:
    """Neither a question registered, nor a version promoted, nor a batch recorded or delivered."""
    for name in NAMES:
        entries = Journal(team.bucket, name).entries()
        questions = [e.body["question"] for e in entries if e.kind == "registered"]
        ended = [a for a in team.asked if a.case == name and a.name and not a.elsewhere]
        assert len(questions) == len(set(questions))
        assert len(questions) >= sum(a.flow == "train" for a in ended)
        promoted = [(e.body["alias"], e.body["version"]) for e in entries if e.kind == "promoted"]
        assert len(promoted) == len(set(promoted))
        scored = [one.name for one in BatchLedger(team.bucket, name).read().scored_batches]
        assert len(scored) == len(set(scored))
        assert len(scored) >= sum(a.flow == "score" for a in ended)
        if scored:
            assert set(delivered(team, name).values()) == {1}


def delivered(team: Team, name: str) -> Counter:
    """How often each row of each batch stands in the table that others read."""
    with sqlite3.connect(team.home / "answers.db") as held:
        return Counter(held.execute(f"select batch, line from {name}"))


def repeated(asked: Asked, bucket: Bucket) -> set[str]:
    """The stages whose steps were finished when the run's process died, and yet done again."""
    if asked.begun < 2 or asked.flow != "train":
        return set()
    version = int(asked.message.rpartition("@")[2])
    entries = Journal(bucket, asked.case).entries()
    (entry,) = [e for e in entries if e.kind == "registered" and e.body["version"] == version]
    if datetime.fromisoformat(entry.at) < datetime.fromisoformat(asked.last):
        return set()  # it was registered before it died
    record = bucket.get_json(Artifact.model_validate(entry.body["run"]))
    found = [step for step in record["steps"] if step["key"] in asked.finished]
    asked.kept = len(found)
    return {step["name"] for step in found if not step["cached"]}


def told_once(team: Team, asked: list[Asked]) -> None:
    """Of every state that somebody is told of, and of nothing else."""
    expected = Counter((a.id, state) for a in asked for state in a.states if state in _TOLD)
    for _ in team.waiting(30):
        if team.told() == expected:
            break
    assert team.told() == expected
