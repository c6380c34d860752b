"""Items of the to-do list as data: their kinds by urgency, and what is known of a use case."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final, Literal, get_args

from assay.config.production import MonitoringSettings
from assay.util import clock

# Most urgent first: what cannot be trusted or serves no more, what does harm, what stands still.
TodoKind = Literal[
    "integrity",
    "expired_waiver",
    "retrain",
    "deadline",
    "failed",
    "bad_use_case",
    "approval",
    "silent",
    "expiring_waiver",
    "paused",
]

_BY_URGENCY: Final[tuple[TodoKind, ...]] = get_args(TodoKind)
NOTHING_TO_DO: Final = "Nothing waits for a person."
LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_LONGEST_TEXT: Final = 400  # characters


@dataclass(frozen=True, slots=True)
class TodoItem:
    """One thing that waits for a person.

    `subject` is a model, a version, a deployment or a file; `since` is when it began to wait, and
    `command` what to type. `owner` is the use case's; "" where nobody is named. `run`: the URL of
    its run or deployment on the server; "" for none.
    """

    kind: TodoKind
    subject: str
    what: str
    since: datetime | None
    owner: str
    command: str
    run: str = ""

    @property
    def use_case(self) -> str:
        """The use case that `subject` belongs to: income, of income@2 and of score/income."""
        return self.subject.rpartition("/")[2].partition("@")[0]

    def as_json(self) -> dict[str, str | None]:
        since = clock.format_timestamp(self.since) if self.since else None
        return {**asdict(self), "since": since}


@dataclass(frozen=True, slots=True)
class WatchedUseCase:
    """What the to-do list takes from a use case's file.

    `monitor_pause`: the longest time between two scheduled looks, in seconds; None for no schedule.
    `deadlines`: the moments by which batches were to be scored, and `scored_by` how the file puts
    them, such as "06:00 Europe/Lisbon".
    """

    name: str
    file: str
    owner: str
    monitoring: MonitoringSettings
    monitor_pause: float | None = None
    deadlines: tuple[datetime, ...] = ()
    scored_by: str = ""


def sort_by_urgency(items: Iterable[TodoItem]) -> list[TodoItem]:
    """Most urgent kind first, and within a kind what waits longest."""
    return sorted(
        items, key=lambda i: (_BY_URGENCY.index(i.kind), i.since or LONG_AGO, i.subject, i.what)
    )


def shorten_text(text: str) -> str:
    """One line of bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_TEXT else f"{line[: _LONGEST_TEXT - 4]} ..."
