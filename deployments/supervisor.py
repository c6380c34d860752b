"""The keeper: starts server, pages and worker, and restarts what ends by itself.

`python -m assay.deployments.supervisor FOLDER KIND`, with the environment for the processes. On
SIGTERM or SIGINT it stops them all, the worker first, and ends.
"""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from assay.config.operations import Operations
from assay.deployments.server_password import read_password
from assay.deployments.setup_state import Process, SetupState, http_status
from assay.errors import AssayError

STARTED_LINE = "keeper started"

_MAX_LOG_BYTES = 20_000_000  # bytes of a log, which then begins anew
_HEALTHY_AFTER = 60.0  # seconds after which what ended had run well
_MAX_BACKOFF = 60.0  # seconds between two attempts
_RESUME_DELAY = 60.0  # seconds after its start in which a server has come to itself
_LOST_MARGIN = 120.0  # seconds by which a run that went down with it may count as lost later
_LEAST_PAUSE, _MOST_PAUSE = 60.0, 300.0  # seconds between two looks for runs that stay taken
_STOP_TIMEOUTS = {"worker": 20.0, "server": 15.0, "pages": 2.0}


@dataclass
class SupervisedProcess:
    """One process to keep running. It is started once `is_ready` says so."""

    name: str
    command: list[str]
    log: Path
    is_ready: Callable[[], bool]
    say: Callable[[str], None]
    _process: subprocess.Popen[bytes] | None = None
    _began: float = 0.0
    _failed: int = 0
    _not_before: float = field(default=0.0)

    def ensure_running(self) -> None:
        """Start the process if it is not running, with a longer wait after each quick end."""
        now = time.monotonic()
        if self._process is not None and self._process.poll() is not None:
            self._failed = 0 if now - self._began > _HEALTHY_AFTER else self._failed + 1
            wait = min(2.0**self._failed - 1, _MAX_BACKOFF)
            self.say(f"{self.name} ended ({self._process.returncode}); again in {wait:.0f} s")
            self._process, self._not_before = None, now + wait
        if self._process is None and now >= self._not_before and self.is_ready():
            self._start(now)

    def _start(self, now: float) -> None:
        if self.log.exists() and self.log.stat().st_size > _MAX_LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with open(self.log, "ab") as out:
            # A session of its own: what it started ends with it, if it must be ended hard.
            self._process = subprocess.Popen(  # noqa: S603 - commands of assay.deployments.server
                self.command,
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._began = now
        self.say(f"{self.name} started ({self._process.pid})")

    @property
    def process(self) -> Process | None:
        """The running process, else None."""
        return Process.from_pid(self._process.pid) if self._process else None

    def stop(self) -> None:
        if self._process is not None and (process := self.process):
            process.stop(_STOP_TIMEOUTS[self.name])
            self._process.wait()
            self.say(f"{self.name} stopped")


@dataclass
class DelayedResume:
    """Runs `assay.deployments.resume` after each start of the server: once it has come to itself,
    and once the runs that went down with it count as lost, `lost` seconds later. Every `pause`
    seconds it looks for runs that stay taken: the event of one may have gone down with the server.
    """

    pool: str
    lost: float
    pause: float
    _server: Process | None = None
    _next: float = math.inf
    _restarts: list[float] = field(default_factory=list)

    def run_when_due(self, server: Process | None) -> None:
        now = time.monotonic()
        if server is not None and server != self._server:
            first = now + _RESUME_DELAY
            self._restarts = [first, first + self.lost + _LOST_MARGIN]
            self._server, self._next = server, first
        if now < self._next:
            return
        command = [sys.executable, "-m", "assay.deployments.resume", self.pool]
        if self._restarts and now >= self._restarts[0]:
            del self._restarts[0]
            command.append("restart")
        self._next = min([now + self.pause, *self._restarts])
        subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own module


def supervise_processes(
    folder: Path, commands: dict[str, list[str]], say: Callable[[str], None], after: DelayedResume
) -> None:
    """Keep all processes running until asked to end, and store which they are. Beside them, `after`
    looks for runs that were lost.
    """
    running = SetupState.read(folder)
    assert running is not None
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: asked.append(received))
    logs = folder / "logs"
    logs.mkdir(exist_ok=True)
    pool = f"{running.api_url}/work_pools/{running.pool}"
    password = read_password(folder)
    # A worker without a pool only ends.
    ready = {"worker": lambda: http_status(pool, 1.0, password) == 200}
    kept = [
        SupervisedProcess(name, command, logs / f"{name}.log", ready.get(name, lambda: True), say)
        for name, command in commands.items()
    ]
    while not asked:
        for one in kept:
            one.ensure_running()
        running = _update_state_file(running, kept, folder)
        after.run_when_due(running.processes.get("server"))
        time.sleep(0.5)
    for one in reversed(kept):
        one.stop()


def _update_state_file(
    state: SetupState, processes: list[SupervisedProcess], folder: Path
) -> SetupState:
    found = {one.name: process for one in processes if (process := one.process)}
    itself = Process.from_pid(os.getpid())
    now = replace(state, processes=found | ({"keeper": itself} if itself else {}))
    if now != state:
        with suppress(OSError):  # such as a full disk; it is tried again
            now.write(folder)
            return now
    return state


def main(folder: Path, kind: str) -> None:
    """Run the module's command line."""
    from assay.deployments.server import process_commands

    running = SetupState.read(folder)
    assert running is not None
    _say(STARTED_LINE)
    operations = _read_operations()
    pause = min(max(operations.late, _LEAST_PAUSE), _MOST_PAUSE)
    after = DelayedResume(running.pool, operations.lost, pause)
    supervise_processes(folder, process_commands(running, kind), _say, after)


def _read_operations() -> Operations:
    try:
        return Operations.load_configured()
    except AssayError as error:  # a file that is changed meanwhile must not end what keeps others
        _say(f"configs/operations.yaml is not read: {error.what}")
        return Operations()


def _say(text: str) -> None:
    with suppress(OSError):  # a full disk must not end what keeps the others
        # Its log.
        print(time.strftime("%Y-%m-%d %H:%M:%S"), text, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
