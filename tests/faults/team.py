"""A team's set-up on real processes: PostgreSQL, S3 (Ceph), server and worker, with what lies
between them in the tests' hands.
"""

from __future__ import annotations

import os
import re
import signal
import urllib.error
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from assay.bucket.bucket import Bucket
from assay.registry.open import open_bucket
from tests.deployments.conftest import CASE
from tests.deployments.live import Receiver, SetUp, guests, process_of
from tests.faults.gateway import Gateway
from tests.faults.network import Cut, Middle, Wire
from tests.faults.postgres import Postgres

NAMES = ("guests", "diners")
MORE = """\
feasibility: {{within: 1s}}
search: {{jobs: 1}}
promotion: {{first: automatic, later: automatic}}
score:
  source: {name}/*.csv
  to: {{table: {name}, connection: "sqlite:///answers.db"}}
"""
OPERATIONS = """\
alerts: [{to: '${ALERTS}'}]
maintain: null
late: 2m
lost: 120s
"""
ENDED = ("COMPLETED", "FAILED", "CANCELLED")
_PATIENCE = 420.0  # seconds in which a run comes to an end, crashed and begun again twice


def write(home: Path) -> None:
    """Use cases of a restaurant's, whose steps take a moment each."""
    (home / "configs").mkdir()
    (home / "guests.csv").write_text(guests())
    for name in NAMES:
        source = CASE.replace("\ncandidates:", "\n  identity: [guest]\ncandidates:")
        (home / f"configs/{name}.yaml").write_text(source + MORE.format(name=name))
        (home / name).mkdir()
    (home / "configs/operations.yaml").write_text(OPERATIONS)


@dataclass
class Asked:
    """A run that was asked for, perhaps in another bucket; which steps were finished when something
    struck it; how it ended, in what states it was, how often it began, when it did last, and how
    many of the finished steps it kept.
    """

    id: str
    case: str
    flow: str
    file: str | None = None
    elsewhere: bool = False
    finished: set[str] = field(default_factory=set)
    name: str = ""
    message: str = ""
    states: list[str] = field(default_factory=list)
    begun: int = 0
    last: str = ""
    kept: int = 0


class Team(SetUp):
    """One whose database and bucket are reached through `network`."""

    def __init__(self, home: Path, postgres: Postgres, gateway: Gateway, server, seed: int):
        super().__init__(home, Receiver())
        self.postgres, self.gateway, self.network = postgres, gateway, Cut()
        self.wire = Wire(postgres.port, self.network)
        self.middle = Middle(server.endpoint, self.network, seed)
        own = {"AWS_ENDPOINT_URL": self.middle.endpoint}
        self.environment |= server.environment | own
        self.store = "s3://assay-test/team"
        # The tests look past the network, straight at the server.
        os.environ.update(server.environment)
        self.asked: list[Asked] = []
        self.number = 0

    def start(self) -> None:
        database = self.postgres.url.replace(f":{self.postgres.port}/", f":{self.wire.port}/")
        self.up("--database", database, "--store", self.store)
        for one in self.ask("/automations/filter", {}):
            if one["name"].startswith("ask a person"):  # fifty times, who then wait for an answer
                self.ask(f"/automations/{one['id']}", {"enabled": False}, method="PATCH")

    def stop(self) -> None:
        self.assay("down")
        self.wire.close()
        self.middle.close()

    @property
    def bucket(self) -> Bucket:
        return open_bucket(self.store)

    def ask(self, path, body=None, *, method=None, patience=180):
        """As often as it takes: servers are killed here."""
        last: Exception | None = None
        for _ in self.waiting(patience):
            try:
                return super().ask(path, body, method)
            except urllib.error.HTTPError as error:
                if error.code < 500:
                    raise
                last = error
            except (OSError, ValueError) as error:
                last = error
        raise AssertionError(f"{path}: {last!r} for {patience} s\n{self.log('server')}")

    # --- work ---------------------------------------------------------------------------------

    def train(self, case: str, **more: str) -> Asked:
        """A question that nobody asked before: its seed is new."""
        self.number += 1
        parameters = {"config": f"configs/{case}.yaml", "overrides": [f"seed={self.number}"]}
        asked = self._begin("train", case, parameters | more)
        asked.elsewhere = "store" in more
        return asked

    def score(self, case: str) -> Asked:
        """A batch that nobody scored before."""
        self.number += 1
        file = self.home / case / f"{self.number}.csv"
        rows = [f"{10_000 * self.number + row},{row % 41}" for row in range(200)]
        file.write_text("\n".join(["guest,visits", *rows]) + "\n")
        parameters = {"config": f"configs/{case}.yaml", "files": [str(file)]}
        return self._begin("score", case, parameters, str(file))

    def _begin(self, flow: str, case: str, parameters, file: str | None = None) -> Asked:
        # The key lets a request be sent again whose answer was lost.
        deployment = self.ask(f"/deployments/name/{flow}/{case}")["id"]
        key = f"{flow} {case} {self.number}"
        body = {"parameters": parameters, "idempotency_key": key}
        run = self.ask(f"/deployments/{deployment}/create_flow_run", body)["id"]
        self.asked.append(Asked(run, case, flow, file))
        return self.asked[-1]

    def begun(self, asked: Asked) -> None:
        """Wait until it runs, or has run."""
        for _ in self.waiting(180):
            if self.ask(f"/flow_runs/{asked.id}")["state_type"] not in {"SCHEDULED", "PENDING"}:
                return

    def ended(self, asked: Asked, patience: float = _PATIENCE):
        """The run as it ended for good."""
        found = {}
        for _ in self.waiting(patience):
            found = self.ask(f"/flow_runs/{asked.id}")
            if found["state_type"] in ENDED:
                return found
        told = [(s["timestamp"], s["name"], s["message"]) for s in self.states(asked)]
        raise AssertionError(f"for ever {found['state']['name']}: {told}\n{self.log('worker')}")

    def states(self, asked: Asked):
        return self.ask(f"/flow_run_states/?flow_run_id={asked.id}")

    def retry(self, asked: Asked) -> None:
        """As the button of the dashboard does."""
        state = {"type": "SCHEDULED", "name": "AwaitingRetry"}
        self.ask(f"/flow_runs/{asked.id}/set_state", {"state": state, "force": True})

    # --- faults -------------------------------------------------------------------------------

    def kill(self, name: str) -> None:
        """What the keeper keeps; it starts it again by itself."""
        os.kill(self.pid(name), signal.SIGKILL)

    def kill_flow(self, asked: Asked) -> None:
        """The process that runs it, as soon as there is one."""
        for _ in self.waiting(120):
            with suppress(ValueError, ProcessLookupError):
                os.kill(process_of(asked.id), signal.SIGKILL)
                return
            if self.ask(f"/flow_runs/{asked.id}")["state_type"] in ENDED:
                return  # it was faster
        raise AssertionError(f"no process runs it:\n{self.log('worker')}")

    def finished(self, bucket: Bucket | None = None) -> set[str]:
        """The keys of the steps that the memo knows."""
        entries = (bucket or self.bucket).store.list("memo/")
        return {f"sha256:{e.key[-69:-5]}" for e in entries if "/run/" not in e.key}

    def told(self) -> Counter[tuple[str, str]]:
        """Of which run and state alerts came, and how often, since they were last cleared. A run's
        name changes as it begins.
        """
        return Counter(map(_about, self.alerts.seen))


def _about(said: dict[str, str]) -> tuple[str, str]:
    run = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", said["message"])
    return run[0] if run else said["title"], said["title"].rpartition(": ")[2]


def say(text: str) -> None:
    """Shown where a test fails, so that it can be tried again."""
    print(text, flush=True)  # noqa: T201 - pytest keeps it
