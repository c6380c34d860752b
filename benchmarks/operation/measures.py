"""What is measured: overhead, punctuality alone, and an hour's load."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.operation.place import PERIOD, Place, Timed, until
from tests.faults.postgres import postgres

Say = Callable[[str], None]
DATABASES = ("SQLite", "PostgreSQL")
_SAMPLED = 15  # seconds between two looks at the memory
_ENDS = 1800  # seconds in which the last runs must have ended


@dataclass(frozen=True, slots=True)
class Overhead:
    """Seconds beyond the stages' own work: of `assay run`, of the flow of a deployment, and of the
    whole run of a deployment from the moment that it was asked for. `library`: what it takes to
    import scikit-learn, which is part of each.
    """

    command: float
    library: float
    flow: float
    whole: float


@dataclass
class Load:
    """What became of the scheduled runs, and the megabytes that were held, by seconds."""

    runs: list[Timed] = field(default_factory=list)
    unfinished: int = 0
    held: list[tuple[float, dict[str, float]]] = field(default_factory=list)


@contextmanager
def place(home: Path, database: str, count: int, say: Say) -> Iterator[Place]:
    """A set-up that is up, every use case with its champion."""
    made = Place(home, count)
    if database == "SQLite":
        yield from _up(made, [], say)
    else:
        with postgres() as cluster:
            yield from _up(made, ["--database", cluster.url], say)


def _up(made: Place, more: list[str], say: Say) -> Iterator[Place]:
    try:
        made.up(*more)
        say(f"training, use cases: {len(made.names)}")
        made.train_all()
        yield made
    finally:
        made.assay("down")


def overhead(made: Place, rounds: int, say: Say) -> list[Overhead]:
    """Cold runs, each of a question that was not asked before, with the server up."""
    found, name = [], made.names[0]
    for number in range(rounds):
        say(f"overhead, {number + 1} of {rounds}")
        config, asked = f"configs/{name}.yaml", [f"seed={2 * number + 101}"]
        began = time.perf_counter()
        done = made.assay("run", config, "--json", "--set", f"seed={2 * number + 100}")
        command = time.perf_counter() - began
        if done.returncode:
            raise RuntimeError(done.stderr)
        stages = sum(step["seconds"] for step in json.loads(done.stdout)["steps"])
        run = made.run(f"train/{name}", config=config, overrides=asked)
        ended = made.until(run, "Registered", "Challenger")
        work = made.own_work(name, ended["state"]["message"])
        told = made.timed(ended)
        found.append(
            Overhead(
                command=command - stages,
                library=made.seconds("import sklearn.linear_model") - made.seconds("pass"),
                flow=told.ended - told.began - work,
                whole=told.ended - work,
            )
        )
    return found


def alone(made: Place, minutes: int, say: Say) -> list[Timed]:
    """Runs that are due every minute, with nothing else to do."""
    made.schedule_one()
    made.up()
    since = _next_minute()
    for number in range(minutes):
        say(f"punctuality alone, {number + 1} of {minutes}")
        made.arrive(made.names[0], number + 1)
        until(since + timedelta(minutes=number + 1))
    found, _ = _ended(made, since, since + timedelta(minutes=minutes))
    return found


def load(made: Place, minutes: int, say: Say) -> Load:
    """Every use case trains and scores, each ten times an hour in all."""
    made.schedule()
    made.up()
    since = _next_minute()
    before, found = since + timedelta(minutes=minutes), Load()
    batches = 0
    while datetime.now(UTC) < before:
        gone = (datetime.now(UTC) - since).total_seconds()
        found.held.append((max(gone, 0.0), made.memory()))
        if gone >= batches * PERIOD * 60 - 60:  # well before it is due
            batches += 1
            for name in made.names:
                made.arrive(name, 1000 + batches)
        if len(found.held) % 20 == 1:
            say(f"load: {gone / 60:.0f} of {minutes} minutes")
        time.sleep(_SAMPLED)
    found.runs, found.unfinished = _ended(made, since, before)
    return found


def _ended(made: Place, since: datetime, before: datetime) -> tuple[list[Timed], int]:
    """The runs that were due then, and how many of them do not end."""
    for _ in made.waiting(_ENDS):
        runs = made.due(since, before)
        left = [run for run in runs if run["end_time"] is None]
        if not left:
            break
        time.sleep(10)
    return [made.timed(run) for run in runs if run["end_time"] is not None], len(left)


def _next_minute() -> datetime:
    """The one after the next, so that what was changed is scheduled anew by then."""
    return datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=2)
