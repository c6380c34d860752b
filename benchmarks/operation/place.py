"""A set-up to be measured: use cases of one kind, a server, a worker, and what its server tells."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.journal import Journal
from assay.registry.open import open_bucket
from tests.deployments.conftest import CASE
from tests.deployments.live import SetUp, guests

PERIOD = 12  # minutes between two runs of one flow of a use case: ten runs an hour of the two
_PAGE = 200  # what the server gives at most at once
_MORE = """\
feasibility: {{within: 1s}}
search: {{jobs: 1}}
promotion: {{first: automatic}}
score: {{source: "{name}/*.csv"}}
"""


@dataclass(frozen=True, slots=True)
class Timed:
    """One run: seconds from when it was due until it began, until its first step began, and until
    it ended; whether it was called late, and how it ended.
    """

    flow: str
    began: float
    first: float
    ended: float
    late: bool
    good: bool


class _Nobody:
    url = ""  # is told anything


class Place(SetUp):
    """`count` use cases in `home`."""

    def __init__(self, home: Path, count: int) -> None:
        super().__init__(home, _Nobody())
        self.names = [f"case-{number:02}" for number in range(1, count + 1)]
        (home / "configs").mkdir(parents=True)
        (home / "guests.csv").write_text(guests())
        (home / "configs/operations.yaml").write_text("maintain: null\n")
        for name in self.names:
            (home / name).mkdir()
            self._write(name)

    @property
    def bucket(self) -> Bucket:
        return open_bucket(str(self.home / ".assay"))

    def schedule(self, minutes: int = PERIOD) -> None:
        """Let every use case train and score, each flow once in so many minutes, spread evenly
        over them.
        """
        places = 2 * len(self.names)
        for number, name in enumerate(self.names):
            train, score = (n * minutes // places for n in (number, number + len(self.names)))
            times = f"{{train: {_cron(train, minutes)}, score: {_cron(score, minutes)}}}"
            self._write(name, f"schedule: {times}\n")

    def schedule_one(self) -> None:
        """Let the first use case score every minute, and no other do anything."""
        for name in self.names:
            self._write(name, 'schedule: {score: "* * * * *"}\n' if name == self.names[0] else "")

    def arrive(self, name: str, number: int, rows: int = 500) -> None:
        """A batch for the use case."""
        lines = [f"{1_000_000 * number + row},{(row + number) % 41}" for row in range(rows)]
        new = self.home / name / f".{number}.new"
        new.write_text("\n".join(["guest,visits", *lines]) + "\n")
        new.rename(self.home / name / f"{number}.csv")

    def due(self, since: datetime, before: datetime) -> list[dict[str, Any]]:
        """The scheduled runs that were due then, `before` excluded."""
        last = before - timedelta(seconds=1)  # the server's limits are part of what it finds
        asked = {"after_": since.isoformat(), "before_": last.isoformat()}
        wanted = {"flow_runs": {"expected_start_time": asked}, "limit": _PAGE}
        found: list[dict[str, Any]] = []
        while page := self.ask("/flow_runs/filter", wanted | {"offset": len(found)}):
            found += page
        return [run for run in found if run["auto_scheduled"] and run["expected_start_time"]]

    def timed(self, run: dict[str, Any]) -> Timed:
        """Raises KeyError, TypeError for a run that has not ended."""
        of = {"flow_runs": {"id": {"any_": [run["id"]]}}, "limit": _PAGE}
        steps = [task["start_time"] for task in self.ask("/task_runs/filter", of)]
        states = [s["name"] for s in self.ask(f"/flow_run_states/?flow_run_id={run['id']}")]
        due = _moment(run["expected_start_time"])
        return Timed(
            flow=run["name"].partition(" ")[0],
            began=(_moment(run["start_time"]) - due).total_seconds(),
            first=(min(_moment(step) for step in steps if step) - due).total_seconds(),
            ended=(_moment(run["end_time"]) - due).total_seconds(),
            late="Late" in states,
            good=run["state_type"] == "COMPLETED",
        )

    def seconds(self, words: str) -> float:
        """How long a Python takes that does this alone."""
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", words], env=self.environment, check=True)
        return time.perf_counter() - began

    def own_work(self, name: str, reference: str) -> float:
        """Seconds that the stages of the run took which registered this version."""
        version = int(reference.rpartition("@")[2])
        (entry,) = [
            e
            for e in Journal(self.bucket, name).entries()
            if e.kind == "registered" and e.body["version"] == version
        ]
        record = self.bucket.get_json(Artifact.model_validate(entry.body["run"]))
        return sum(step["seconds"] for step in record["steps"] if not step["cached"])

    def train_all(self) -> None:
        runs = [self.run(f"train/{name}") for name in self.names]
        for run in runs:
            self.until(run, "Registered", "Challenger", patience=3600)

    def memory(self) -> dict[str, float]:
        """Megabytes that server, worker and the processes of flows hold now."""
        held = {name: _resident(self.pid(name)) for name in ("server", "worker")}
        return held | {"flows": sum(_resident(pid) for pid in self._flows())}

    def _flows(self) -> Iterator[int]:
        for process in Path("/proc").glob("[0-9]*"):
            try:
                ours = (process / "cwd").readlink() == self.home
                if ours and b"assay.deployments.engine" in (process / "cmdline").read_bytes():
                    yield int(process.name)
            except OSError:
                continue

    def _write(self, name: str, more: str = "") -> None:
        text = CASE.replace("\ncandidates:", "\n  identity: [guest]\ncandidates:")
        (self.home / f"configs/{name}.yaml").write_text(text + _MORE.format(name=name) + more)


def until(moment: datetime) -> None:
    """Sleep until then."""
    time.sleep(max(0.0, (moment - datetime.now(moment.tzinfo)).total_seconds()))


def _cron(first: int, period: int) -> str:
    return json.dumps(f"{','.join(map(str, range(first, 60, period)))} * * * *")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _resident(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
