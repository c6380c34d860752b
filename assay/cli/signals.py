"""SIGINT and SIGTERM: finish the present work, or stop at once but cleanly."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from assay.cli.console import print_stderr

TOLD = "told"  # a note of an interrupt about which a command has said a line of its own
_END_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_POLL_SECONDS = 0.2  # the longest delay before a signal is noticed


class SignalFlag:
    """Whether a signal has arrived.

    It has no lock, unlike `threading.Event`: a handler that sets an event while the main thread
    waits for it, and holds its lock, would never return.
    """

    def __init__(self) -> None:
        self._flag = False

    def set(self) -> None:
        self._flag = True

    def is_set(self) -> bool:
        return self._flag

    def wait(self, seconds: float) -> None:
        """Return once the flag is set, or after this many seconds."""
        end = time.monotonic() + seconds
        while not self._flag and (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _POLL_SECONDS))


@contextmanager
def watch_signals() -> Iterator[SignalFlag]:
    """A flag that the first SIGINT or SIGTERM sets. The second has its usual effect."""
    ended = SignalFlag()
    handlers = {number: signal.getsignal(number) for number in _END_SIGNALS}

    def handle(*_: object) -> None:
        ended.set()
        restore()

    def restore() -> None:
        for number, handler in handlers.items():
            signal.signal(number, handler)

    for number in handlers:
        signal.signal(number, handle)
    try:
        yield ended
    finally:
        restore()


@contextmanager
def exit_cleanly() -> Iterator[None]:
    """Make SIGTERM end a flow as ^C does: by an exception, so that its subprocesses end too.

    Prefect's temporary server is one. Exit codes are the usual 130 and 143. A handler that is set
    already (see `watch_signals`) stays.
    """
    main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM)
    ours = main and before is signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, _exit_on_signal)
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as end:
        logging.raiseExceptions = False  # a server that ends too takes no more lines of the log
        print_stderr("stopped: everything recorded is kept; repeat the command to do the rest")
        end.add_note(TOLD)
        raise
    finally:
        if ours:
            signal.signal(signal.SIGTERM, before)


def is_untold_interrupt(end: BaseException) -> bool:
    """Whether a ^C began what ends the process, and no command has said a line about it."""
    cause: BaseException | None = end
    while cause is not None and not isinstance(cause, KeyboardInterrupt):
        cause = cause.__context__
    return cause is not None and TOLD not in getattr(cause, "__notes__", ())


def _exit_on_signal(number: int, _: object) -> None:
    raise SystemExit(128 + number)
