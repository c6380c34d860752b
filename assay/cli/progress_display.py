"""A live view of a flow on a terminal, in place of its log's lines."""

from __future__ import annotations

import io
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import RLock

from rich.console import Console, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.text import Text

from assay.render.progress_view import ProgressView
from assay.util.printable_text import printable_lines
from assay.util.progress import EVENT_TOLD, ProgressEvent, Remark, listen_to_progress

_PER_SECOND = 4  # pictures of the live part


def live_console() -> Console | None:
    """The console on stderr, if a person watches it: a terminal that can draw, and no CI job."""
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="replace")
    console = _SteadyConsole(stderr=True, highlight=False)
    return console if console.is_interactive and not os.environ.get("CI") else None


class _SteadyConsole(Console):
    """A console that never hides the cursor: a process that is killed or suspended could not give
    it back.
    """

    def show_cursor(self, show: bool = True) -> bool:  # noqa: ARG002 - Rich's own
        return False


class ProgressDisplay:
    """What a flow does, shown on a terminal while the block runs. Events come from any thread."""

    def __init__(self, console: Console) -> None:
        self._view, self._lock = ProgressView(time.monotonic()), RLock()
        self._live = Live(
            get_renderable=self._render,
            console=console,
            transient=True,
            refresh_per_second=_PER_SECOND,
            redirect_stdout=sys.stdout.isatty(),
        )
        self._open = ExitStack()

    def __enter__(self) -> ProgressDisplay:
        self._open.enter_context(self._live)
        self._open.callback(self._finish)
        self._open.enter_context(listen_to_progress(self.apply))
        return self

    def __exit__(self, *raised: object) -> None:
        self._open.close()

    @contextmanager
    def take_logs(self, log_filter: logging.Filter) -> Iterator[None]:
        """Meanwhile, take in what loggers write to stderr.

        Warnings and errors that `log_filter` lets pass stand above the live part, and stay.
        """
        handler = _ViewHandler(self, log_filter)
        loggers = [logging.getLogger(), *map(logging.getLogger, logging.root.manager.loggerDict)]
        before = [(logger, logger.handlers) for logger in loggers if logger.handlers]
        for logger, handlers in before:
            kept = [one for one in handlers if not _writes_to_stderr(one)]
            logger.handlers = handlers if len(kept) == len(handlers) else [*kept, handler]
        try:
            yield
        finally:
            for logger, handlers in before:
                logger.handlers = handlers

    def apply(self, event: ProgressEvent) -> None:
        """Take in an event."""
        with self._lock:
            lines = self._view.apply(event, time.monotonic())
        self._print_lines(lines)

    def print_above(self, line: RenderableType) -> None:
        """Print a line that stays, after those of the stages before it."""
        with self._lock:
            lines = self._view.flush()
        self._print_lines([*lines, line])

    def _finish(self) -> None:
        with self._lock:
            lines = self._view.flush()
        self._print_lines(lines)

    def _print_lines(self, lines: list[RenderableType]) -> None:
        for line in lines:
            self._live.console.print(line)

    def _render(self) -> RenderableType:
        with self._lock:
            return self._view.render(time.monotonic())


class _ViewHandler(logging.Handler):
    """Takes log records to the view: remarks into the live part, warnings and errors above it."""

    def __init__(self, display: ProgressDisplay, log_filter: logging.Filter) -> None:
        super().__init__()
        self._display = display
        self.addFilter(log_filter)

    def emit(self, record: logging.LogRecord) -> None:
        if any(hasattr(record, mark) for mark in EVENT_TOLD):
            return
        text = printable_lines(record.getMessage())
        if record.levelno < logging.WARNING:
            self._display.apply(Remark(text))
            return
        is_error = record.levelno >= logging.ERROR
        mark = ("error: ", "bold red") if is_error else ("warning: ", "yellow")
        if record.exc_info:
            text = f"{text}\n{logging.Formatter().formatException(record.exc_info)}"
        self._display.print_above(Padding(Text.assemble(mark, text), (0, 0, 0, 2), expand=False))


def _writes_to_stderr(handler: logging.Handler) -> bool:
    fileno: Callable[[], int] | None = getattr(getattr(handler, "stream", None), "fileno", None)
    try:
        return fileno is not None and fileno() == sys.__stderr__.fileno()  # type: ignore[union-attr]
    except (OSError, ValueError, AttributeError):
        return False
