"""A reading in the background, so that whoever asks for a page waits only a bounded time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Generic, TypeVar

_KNOWN_PATIENCE = 1.0  # seconds
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Reading(Generic[_T]):
    """What a reading gave. `value` is None, with `error` set, if it failed; both are None if none
    has ended yet.
    """

    value: _T | None = None
    error: Exception | None = None


class BackgroundReading(Generic[_T]):
    """Calls `read` in a thread, one at a time, and keeps what it gave last.

    A result counts as fresh for `reuse` seconds: many who ask cost one reading.
    """

    def __init__(self, read: Callable[[], _T], reuse: float = 5.0) -> None:
        self._read, self._reuse = read, reuse
        self._state = Condition()
        self._running = False
        self._ended_at = float("-inf")
        self._last: Reading[_T] = Reading()

    def latest(self, patience: float) -> Reading[_T]:
        """A fresh reading; after `patience` seconds the one before, which may be of none.

        Where there is one before, at most a second is waited.
        """
        with self._state:
            if not self._running and time.monotonic() - self._ended_at > self._reuse:
                self._running = True
                Thread(target=self._fill, daemon=True).start()
            known = self._last.value is not None
            self._state.wait_for(
                lambda: not self._running, min(patience, _KNOWN_PATIENCE) if known else patience
            )
            return self._last

    def _fill(self) -> None:
        found: Reading[_T]
        try:
            found = Reading(self._read())
        except Exception as error:  # noqa: BLE001 - raised or told by whoever asks
            found = Reading(error=error)
        with self._state:
            self._last, self._running = found, False
            self._ended_at = time.monotonic()
            self._state.notify_all()
