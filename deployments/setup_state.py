"""The state of a set-up that `assay up` started: its folder, its processes, its server.

It is stored with the user, never in the bucket: in `~/.local/state/assay/<pool>` (or below
XDG_STATE_HOME), or in the folder that ASSAY_STATE names.
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
from tempfile import TemporaryFile
from typing import Any, Self

from assay.errors import ConfigError
from assay.store.open import absolute_store_url
from assay.util.home_folder import expand_home

STATE_VARIABLE = "ASSAY_STATE"
_STATE_FILE = "running.json"
_BAD_USE_CASES_FILE = "bad-use-cases.json"
_STATE_REMEDY = f"Set {STATE_VARIABLE} to a folder that you may write to."


@dataclass(frozen=True, slots=True)
class Process:
    """A process by its id and start time, since ids are reused."""

    pid: int
    started: str

    @classmethod
    def from_pid(cls, pid: int) -> Self | None:
        """The present process with this id, if there is one."""
        started = _start_stamp(pid)
        return cls(pid, started) if started else None

    @property
    def is_alive(self) -> bool:
        return _start_stamp(self.pid) == self.started

    def stop(self, patience: float) -> None:
        """Ask the process to end; after `patience` seconds, kill its session."""
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
    """The start time of a process, unique since boot; "" if it is gone, or a zombie."""
    try:
        # Its name, in parentheses, may hold anything (proc_pid_stat(5)).
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        state, *fields = stat.rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "" if Path("/proc/self").exists() else _start_stamp_from_ps(pid)
    return "" if state in {"Z", "X"} else f"{boot} {fields[18]}"


def _start_stamp_from_ps(pid: int) -> str:
    """The start time on a system without /proc."""
    asked = ["ps", "-o", "lstart=", "-p", str(pid)]
    done = subprocess.run(asked, capture_output=True, encoding="utf-8", check=False)  # noqa: S603 - a number
    return done.stdout.strip()


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
        """The URL of the reports, on the next port."""
        return f"{self.dashboard_url.rpartition(':')[0]}:{self.port + 1}"

    def serves(self, store: str) -> bool:
        """Whether this is the set-up of a bucket."""
        return absolute_store_url(self.store) == absolute_store_url(store)

    def is_alive(self, name: str) -> bool:
        """Whether the process of that name is running."""
        process = self.processes.get(name)
        return process is not None and process.is_alive

    def server_answers(self, patience: float = 1.0) -> bool:
        """Whether the server answers."""
        return http_status(f"{self.api_url}/health", patience, password="") == 200

    def write(self, folder: Path) -> None:
        """Write it into the state folder, atomically."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = folder / f".{_STATE_FILE}.{os.getpid()}"
        new.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        new.replace(folder / _STATE_FILE)

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The stored state; None if nothing was ever started here."""
        try:
            found: dict[str, Any] = json.loads((folder / _STATE_FILE).read_text(encoding="utf-8"))
            processes = {name: Process(**kept) for name, kept in found.pop("processes").items()}
            return cls(processes=processes, **found)
        except (OSError, ValueError, TypeError, KeyError):
            return None


def write_bad_use_cases(folder: Path, errors: Mapping[str, str]) -> None:
    """Keep, for `assay up --status`, which files were no use cases when it last updated the
    deployments, and why.
    """
    text = json.dumps(dict(errors), indent=2) + "\n"
    (folder / _BAD_USE_CASES_FILE).write_text(text, encoding="utf-8")


def read_bad_use_cases(folder: Path) -> dict[str, str]:
    """The errors by file that `write_bad_use_cases` kept."""
    with suppress(OSError, ValueError):
        return dict(json.loads((folder / _BAD_USE_CASES_FILE).read_text(encoding="utf-8")))
    return {}


def state_folder(pool: str) -> Path:
    """The state folder of the set-up with this work pool."""
    named = os.environ.get(STATE_VARIABLE)
    return expand_home(named).absolute() if named else _states_folder() / pool


def prepare_state_folder(folder: Path) -> None:
    """Make the state folder, for the user alone. Raises ConfigError if nothing can be written."""
    try:
        (folder / "logs").mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        with TemporaryFile(dir=folder) as probe:
            probe.write(b"x")
    except OSError as error:
        raise ConfigError(
            f"the set-up cannot keep its state here: {error.strerror}",
            where=str(folder),
            remedy=_STATE_REMEDY,
        ) from None


def _states_folder() -> Path:
    home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return expand_home(home, _STATE_REMEDY) / "assay"


_PATIENCE = 10.0
"""Seconds that a server whose process runs may take to answer: on a busy machine one is too few."""


def find_running_setup(store: str, api_url: str | None = None) -> SetupState | None:
    """The first set-up by name whose server answers: the one behind `api_url`, else the one of this
    bucket. A run of another bucket is none of a set-up's business.
    """
    named = os.environ.get(STATE_VARIABLE)
    with suppress(OSError, ConfigError):  # without a home there is no set-up either
        folders = [state_folder("")] if named else sorted(_states_folder().iterdir())
        for found in map(SetupState.read, folders):
            if found is None or not found.is_alive("server"):
                continue
            is_meant = found.api_url == api_url if api_url else found.serves(store)
            if is_meant and found.server_answers(_PATIENCE):
                return found
    return None


def http_status(url: str, patience: float, password: str) -> int | None:
    """The status of a server's answer, None without one. `password` is user:password, or ""."""
    # A URL of this program's making, over HTTP.
    request = urllib.request.Request(url)  # noqa: S310
    if password:
        shown = base64.b64encode(password.encode()).decode()
        request.add_header("Authorization", f"Basic {shown}")
    # A proxy of the environment has no business with this machine's own server.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=patience) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, ValueError):
        return None
