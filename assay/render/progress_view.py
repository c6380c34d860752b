"""What a terminal shows of a run under way: events in, lines and a live part out.

Lines of what is finished stay; the live part below them shows what runs now.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.spinner import Spinner
from rich.text import Text

from assay.gates.report import Verdict
from assay.render.report_text import VERDICT_SYMBOLS, verdict_label
from assay.render.terminal_text import VERDICT_STYLES
from assay.util.printable_text import printable_text
from assay.util.progress import (
    ProgressEvent,
    Remark,
    StageEnded,
    StageFailed,
    StageStarted,
    UnitsDone,
)

_ECHO: Final = 2  # columns left free for the "^C" that a terminal echoes
_LEAST_ROOM: Final = 20  # columns of a text, on however narrow a terminal
_BAR: Final = 28  # columns of the bar
_SIGN: Final = 9  # columns of the longest verdict with its sign
_LEAST_UNITS: Final = 2  # done, before the time left can be told
_LEAST_SECONDS: Final = 3.0  # at work, likewise
_NOTEWORTHY: Final = 1.0  # seconds at work that are told


class ProgressView:
    """The state of the view. Times are seconds of any clock that only goes forward.

    No line reaches the edge: the "^C" that a terminal echoes there would begin another, and the
    live part could not be erased.
    """

    def __init__(self, now: float) -> None:
        self._running: StageStarted | None = None
        self._since = now
        self._units: UnitsDone | None = None
        self._units_at = now
        self._remark = ""
        self._idle_label = "starting Prefect"
        self._cached: list[str] = []  # stages without a verdict, not yet printed
        self._spinner = Spinner("line")  # ASCII, for any encoding

    def apply(self, event: ProgressEvent, now: float) -> list[RenderableType]:
        """Take in an event. Returns the lines that it finishes, to be printed for good."""
        match event:
            case Remark(text):
                self._remark = text
            case UnitsDone():
                self._units, self._units_at = event, now
                self._remark = event.text or self._remark
            case StageStarted():
                self._running, self._since = event, now
                self._units, self._remark = None, ""
                return self.flush()
            case StageFailed():
                self._rest(now)
                sign = Text(f"{VERDICT_SYMBOLS[Verdict.FAIL]} error", VERDICT_STYLES[Verdict.FAIL])
                return [*self.flush(), _stage_line(sign, event.label, _duration(event.seconds))]
            case StageEnded(cached=True, verdict=None):
                self._rest(now)
                self._cached.append(event.stage)
            case StageEnded():
                self._rest(now)
                took = "cached" if event.cached else _duration(event.seconds)
                return [*self.flush(), _stage_line(_sign(event.verdict), event.label, took)]
        return []

    def flush(self) -> list[RenderableType]:
        """The line of the cached stages that none has followed yet, as one."""
        if not self._cached:
            return []
        counts = Counter(self._cached)
        names = [f"{name} ({n})" if n > 1 else name for name, n in counts.items()]
        self._cached = []
        return [_stage_line(Text("cached", "dim"), ", ".join(names), "")]

    def render(self, now: float) -> RenderableType:
        """The live part: what runs, how much of it is done, and the latest remark."""
        label = self._running.label if self._running else self._idle_label
        if self._units is None and (since := now - self._since) >= _NOTEWORTHY:
            label += f"  {_duration(since)}"
        frame = self._spinner.render(now)
        lines = [Text.assemble(frame if isinstance(frame, Text) else "", " ", _plain(label))]
        if self._units:
            lines.append(Text("  ") + self._count_line(self._units, now))
        if self._remark:
            remark = _plain(f"  {self._remark}", "dim")
            remark.truncate(400, overflow="ellipsis")
            lines.append(remark)
        return Group(*(_HangingLine(Text("  "), line) for line in lines))

    def _count_line(self, units: UnitsDone, now: float) -> Text:
        at_work = _duration(now - self._since)
        if units.total is None:
            return _plain(f"{units.done:,} {units.unit}  {at_work}")
        said = f"  {units.done:,} of {units.total:,} {units.unit}  {at_work}"
        if left := self._time_left(units.done, units.total, now):
            said += f", about {left} left"
        return _bar(units.done / max(units.total, 1)) + _plain(said)

    def _time_left(self, done: int, total: int, now: float) -> str:
        """The time left at the pace so far; "" while too little is done to tell."""
        spent = self._units_at - self._since
        if done < _LEAST_UNITS or spent < _LEAST_SECONDS:
            return ""
        left = spent / done * (total - done) - (now - self._units_at)
        return _duration(left) if left >= 1 else ""

    def _rest(self, now: float) -> None:
        self._running, self._units, self._remark, self._since = None, None, "", now
        self._idle_label = "working"


def _sign(verdict: str | None) -> Text:
    if verdict is None:
        return Text("done", "dim")
    known = Verdict(verdict)
    return Text(verdict_label(known), VERDICT_STYLES[known])


def _stage_line(sign: Text, label: str, took: str) -> RenderableType:
    """A finished stage; a long label is wrapped below its own beginning."""
    begin = Text("  ") + sign
    begin.pad_right(_SIGN + 4 - begin.cell_len)
    said = _plain(label)
    return _HangingLine(begin, Text.assemble(said, "  ", (took, "dim")) if took else said)


@dataclass(frozen=True, slots=True)
class _HangingLine:
    """Text that is wrapped at words beside its beginning, and padded nowhere."""

    begin: Text
    text: Text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        indent = self.begin.cell_len
        room = max(options.max_width - indent - _ECHO, _LEAST_ROOM)
        for place, line in enumerate(self.text.wrap(console, room)):
            line.rstrip()
            yield self.begin + line if place == 0 else Text(indent * " ") + line


def _bar(share: float) -> Text:
    done = min(int(_BAR * share), _BAR)
    return Text.assemble(("━" * done, "green"), ("·" * (_BAR - done), "dim"))


def _plain(text: str, style: str = "") -> Text:
    return Text(printable_text(text), style, overflow="fold")


def _duration(seconds: float) -> str:
    """Short, and no finer than a person can use: "0.4 s", "14 s", "3 min 20 s", "1 h 5 min"."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
