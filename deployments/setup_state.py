"""A set-up that `assay up` started: where its state lies, which processes are its own, and
whether its server answers.

The state lies with the user, never in the bucket: `~/.local/state/assay/<pool>` (or below
XDG_STATE_HOME), or the folder that ASSAY_STATE names.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

STATE_VARIABLE = "ASSAY_STATE"
_STATE_FILE = "running.json"


@dataclass(frozen=True, slots=True)
class Process:
    """A process as it was when it was started: numbers are given anew to others."""

    pid: int
    started: str

    @classmethod
    def from_pid(cls, pid: int) -> Self | None:
        """The process that has this number now, if there is one."""
        started = _start_stamp(pid)
        return cls(pid, started) if started else None

    @property
    def is_alive(self) -> bool:
        return _start_stamp(self.pid) == self.started

    def stop(self, patience: float) -> None:
        """Ask it to end, and after `patience` seconds end it with all that it started in its
        session. Does nothing if it is gone.
        """
        if not self.is_alive:
            return
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        until = time.monotonic() + patience
        while self.is_alive and time.monotonic() < until:
            time.sleep(0.1)
        if self.is_alive and os.getpgid(self.pid) == self.pid:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)


def _start_stamp(pid: int) -> str:
    """When a process was started, in words that only it has since the machine was; "" if it is
    gone, or a zombie.
    """
    try:
        # Its name, in parentheses, may hold anything (proc_pid_stat(5)).
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "" if Path("/proc/self").exists() else _start_stamp_from_ps(pid)
    return "" if state in {"Z", "X"} else f"{boot} {fields[18]}"


def _start_stamp_from_ps(pid: int) -> str:
    """Where there is no /proc."""
    asked = ["ps", "-o", "lstart=", "-p", str(pid)]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603 - a number


@dataclass(frozen=True, slots=True)
class SetupState:
    """What `assay up` started. `database` is without its password."""

    pool: str
    host: str
    port: int
    store: str
    database: str
    root: str
    processes: Mapping[str, Process] = field(default_factory=dict)

    @property
    def dashboard_url(self) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104 - compared
        return f"http://{host}:{self.port}"

    @property
    def api_url(self) -> str:
        return f"{self.dashboard_url}/api"

    @property
    def pages_url(self) -> str:
        """Where reports are served: on the next port."""
        return f"{self.dashboard_url.rpartition(':')[0]}:{self.port + 1}"

    def is_alive(self, name: str) -> bool:
        """Whether the process of that name is there."""
        process = self.processes.get(name)
        return process is not None and process.is_alive

    def server_answers(self, patience: float = 1.0) -> bool:
        """Whether its server does."""
        return http_status(f"{self.api_url}/health", patience) == 200

    def write(self, folder: Path) -> None:
        """Into the state folder; nobody reads a half."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = folder / f".{_STATE_FILE}.{os.getpid()}"
        new.write_text(json.dumps(asdict(self), indent=2) + "\n")
        new.replace(folder / _STATE_FILE)

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """None if nothing was ever started there."""
        try:
            found: dict[str, Any] = json.loads((folder / _STATE_FILE).read_text())
            processes = {name: Process(**kept) for name, kept in found.pop("processes").items()}
            return cls(processes=processes, **found)
        except (OSError, ValueError, TypeError, KeyError):
            return None


def state_folder(pool: str) -> Path:
    """Where the state of the set-up with this work pool lies."""
    named = os.environ.get(STATE_VARIABLE)
    return Path(named).expanduser().absolute() if named else _states_folder() / pool


def _states_folder() -> Path:
    home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(home).expanduser() / "assay"


def find_running_setup() -> SetupState | None:
    """The set-up whose server answers; the first by name, where there are several."""
    named = os.environ.get(STATE_VARIABLE)
    with suppress(OSError):
        folders = [state_folder("")] if named else sorted(_states_folder().iterdir())
        for found in map(SetupState.read, folders):
            if found is not None and found.is_alive("server") and found.server_answers():
                return found
    return None


def http_status(url: str, patience: float) -> int | None:
    """The status with which a server answers, None if it does not. Prefect's own variables say
    who asks.
    """
    # A URL of this program's making, over HTTP.
    request = urllib.request.Request(url)  # noqa: S310
    secret = os.environ.get("PREFECT_API_AUTH_STRING")
    if secret:
        request.add_header("Authorization", f"Basic {base64.b64encode(secret.encode()).decode()}")
    # A proxy of the environment has no business with this machine's own server.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=patience) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, ValueError):
        return None
