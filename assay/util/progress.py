"""Progress of long work, as data: what a stage does reaches whoever listens in this process.

Log lines tell the same to people and to Prefect; nothing is parsed from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A stage began to work; a cached one never does. `label` names it among its kind."""

    stage: str
    label: str


@dataclass(frozen=True, slots=True)
class UnitsDone:
    """So many units of the present work are done: fits, rows read, objects.

    `total` is None where nobody knows how many there are.
    """

    done: int
    total: int | None
    unit: str
    text: str = ""  # about the last one


@dataclass(frozen=True, slots=True)
class StageEnded:
    """A stage has its result. `seconds` is what its work took, once; `verdict` is a gate's."""

    stage: str
    label: str
    seconds: float
    verdict: str | None = None
    cached: bool = False


@dataclass(frozen=True, slots=True)
class StageFailed:
    """A stage ended in an error, which is told elsewhere."""

    stage: str
    label: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Remark:
    """A line on what is being done."""

    text: str


ProgressEvent = StageStarted | UnitsDone | StageEnded | StageFailed | Remark
ProgressListener = Callable[[ProgressEvent], None]

EVENT_TOLD: Final = {"told_as_event": True}
"""The `extra` of a log line that says what an event said, or what the command says at its end."""

_listeners: list[ProgressListener] = []


def publish_progress(event: ProgressEvent) -> None:
    """Tell everyone who listens."""
    for listener in tuple(_listeners):
        listener(event)


@contextmanager
def listen_to_progress(listener: ProgressListener) -> Iterator[None]:
    """Let `listener` hear every event meanwhile. Events come from several threads."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
