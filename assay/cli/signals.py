"""What SIGINT and SIGTERM do: end the work in hand well, or at once but cleanly."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from assay.cli.console import print_stderr

_END_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_POLL_SECONDS = 0.2  # seconds in which a signal is heeded


class SignalFlag:
    """Whether a signal has come. Without a lock, unlike an Event of `threading`: a signal that
    comes while the main thread waits for such a one, and holds its lock, would never return.
    """

    def __init__(self) -> None:
        self._flag = False

    def set(self) -> None:
        self._flag = True

    def is_set(self) -> bool:
        return self._flag

    def wait(self, seconds: float) -> None:
        """Return once it is set, or so many seconds have passed."""
        end = time.monotonic() + seconds
        while not self._flag and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _POLL_SECONDS))


@contextmanager
def watch_signals() -> Iterator[SignalFlag]:
    """Is set by the first SIGINT or SIGTERM; the second ends the process as ever."""
    ended = SignalFlag()
    before = {one: signal.getsignal(one) for one in _END_SIGNALS}

    def hear(*_: object) -> None:
        ended.set()
        restore()

    def restore() -> None:
        for one, handler in before.items():
            signal.signal(one, handler)

    for one in before:
        signal.signal(one, hear)
    try:
        yield ended
    finally:
        restore()


@contextmanager
def exit_cleanly() -> Iterator[None]:
    """While a flow runs, SIGTERM ends it as ^C does: by way of an exception, so that what began
    with it ends with it, such as Prefect's own server. Exit codes are the usual 130 and 143.

    Whoever handles the signal already (see `watch_signals`) goes on doing so.
    """
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM)
    ours = main and before is signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, _exit_on_signal)
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        print_stderr("stopped: what was recorded counts; the same command goes on with the rest")
        raise
    finally:
        if ours:
            signal.signal(signal.SIGTERM, before)


def _exit_on_signal(number: int, _: object) -> None:
    raise SystemExit(128 + number)
