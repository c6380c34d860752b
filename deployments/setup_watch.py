"""Looks at files and journals from time to time, and alerts of what no run of a flow can tell.

That is a use case that cannot be read any more, and a deadline by which nothing was scored. It
runs in the process that serves the reports, which every set-up has.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread

from assay.deployments.deadline_alerts import (
    SentAlerts,
    alert_missed_deadlines,
    find_miss_alerts,
)
from assay.deployments.deployment_plan import BadUseCase
from assay.deployments.desk.reader import DeskReader
from assay.deployments.setup_state import STATE_VARIABLE, SetupState
from assay.util import clock

_PAUSE = 30.0  # seconds between two looks, or twenty times as long as one takes
_DEFAULT_POOL = "assay"


class SetupWatch:
    """The looks of one process. `say` logs a line."""

    def __init__(self, reader: DeskReader, say: Callable[[str], None]) -> None:
        self._reader, self._say = reader, say
        self._seen_bad: frozenset[tuple[str, str]] = frozenset()
        self._told_bad: frozenset[tuple[str, str]] = frozenset()
        self._told: SentAlerts | None = None
        self._last_problem = ""

    def start(self) -> None:
        """Look again and again in a thread that ends with the process."""
        Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            began = time.monotonic()
            self.try_look()
            time.sleep(max(_PAUSE, 20 * (time.monotonic() - began)))

    def try_look(self) -> None:
        """One look; what keeps it from its work is logged once."""
        try:
            self.look()
            self._last_problem = ""
        except Exception as error:  # noqa: BLE001 - the next look may succeed
            problem = f"{type(error).__name__}: {error}".splitlines()[0]
            if problem != self._last_problem:
                self._last_problem = problem
                self._say(f"watch: {problem}")

    def look(self) -> None:
        """Alert of what is new. Raises StoreError, and errors of Prefect's client."""
        files = self._reader.read_files()
        if not os.environ.get("PREFECT_API_URL") or not files.operations.alerts:
            return
        pool = _read_pool()
        self._told = self._told or SentAlerts(pool)
        self._tell_bad_files(pool, files.bad)
        as_of = clock.parse_timestamp(None)
        states = self._reader.read_states(as_of)
        if find_miss_alerts(states, files.operations):
            sent = alert_missed_deadlines(files.operations, states, self._told, as_of)
            for line in asyncio.run(sent):
                self._say(line)

    def _tell_bad_files(self, pool: str, bad: Sequence[BadUseCase]) -> None:
        """A file counts once it was the same at two looks: an editor may be writing it."""
        from assay.deployments.alerts import alert_bad_use_cases

        before, self._seen_bad = self._seen_bad, frozenset(map(_mark, bad))
        if self._seen_bad != before or self._seen_bad == self._told_bad:
            return
        operations = self._reader.read_files().operations
        lines = asyncio.run(alert_bad_use_cases(operations, pool, bad, ensure=False))
        for line in lines:
            self._say(line)
        if not any(" not sent" in line for line in lines):
            self._told_bad = self._seen_bad


def _mark(bad: BadUseCase) -> tuple[str, str]:
    data = b""
    with suppress(OSError):
        data = Path(bad.file).read_bytes()
    return bad.file, hashlib.sha256(data).hexdigest()


def _read_pool() -> str:
    """The work pool of the set-up that this process belongs to."""
    folder = os.environ.get(STATE_VARIABLE)
    state = SetupState.read(Path(folder)) if folder else None
    return state.pool if state else _DEFAULT_POOL


def log_line(text: str) -> None:
    """Log a line."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the log of the process
