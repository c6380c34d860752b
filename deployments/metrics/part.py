"""One part of the metrics, gathered in the background so that a slow one delays no other."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from threading import Lock, Thread

from prometheus_client.core import Metric

_REUSE_SECONDS = (
    5.0  # seconds in which two who ask, such as a pair of Prometheuses, are told the same
)


class MetricsPart:
    """Calls of `gather` never overlap, so it may keep state; its thread ends with the process."""

    def __init__(self, name: str, gather: Callable[[], Iterable[Metric]]) -> None:
        self.name = name
        self.seconds = 0.0
        self._gather = gather
        self._lock = Lock()
        self._future: Future[list[Metric]] | None = None
        self._requested_at = 0.0
        self._last_logged = ""

    def request(self) -> Future[list[Metric]]:
        """The gathering that is under way or has just ended."""
        with self._lock:
            asked, now = self._future, time.monotonic()
            if asked is None or (asked.done() and now - self._requested_at > _REUSE_SECONDS):
                asked = Future()
                self._future, self._requested_at = asked, now
                Thread(target=self._fill, args=(asked,), daemon=True).start()
            return asked

    def wait_for(self, future: Future[list[Metric]], timeout: float) -> list[Metric] | None:
        """The result; None if it failed, or took more than `timeout` seconds."""
        try:
            return future.result(timeout)
        except NotYet:
            self._log_once("takes longer than a scrape may")
        except Exception as error:  # noqa: BLE001 - whatever it is, the other parts are told
            self._log_once(f"{type(error).__name__}: {error}")
        return None

    def _fill(self, future: Future[list[Metric]]) -> None:
        began = time.monotonic()
        try:
            found = list(self._gather())
        except BaseException as error:  # noqa: BLE001 - raised again where it is asked for
            self.seconds = time.monotonic() - began
            future.set_exception(error)
        else:
            self.seconds = time.monotonic() - began
            self._last_logged = ""
            future.set_result(found)

    def _log_once(self, text: str) -> None:
        """Log a reason once."""
        first = text.splitlines()[0] if text else ""
        if first != self._last_logged:
            self._last_logged = first
            print(f"metrics: {self.name}: {first}", file=sys.stderr)  # noqa: T201 - the log
