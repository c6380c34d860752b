"""When a use case's flows run automatically."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from assay.config.section import Section, parse_duration

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]


@dataclass(frozen=True)
class _CronField:
    """One field of a cron text: its allowed numbers, their names, its own special forms."""

    first: int
    last: int
    names: Mapping[str, int] = field(default_factory=dict)
    special: str = r"(?!)"  # matches nothing

    def accepts(self, text: str) -> bool:
        """Whether every item of a comma-separated list is `*`, `a`, `a-b`, either with `/step`."""
        return all(self._accepts_item(item.lower()) for item in text.split(","))

    def _accepts_item(self, item: str) -> bool:
        if re.fullmatch(self.special, item):
            return True
        values, slash, step = item.partition("/")
        ends = [] if values in {"*", "?"} else values.split("-")
        return (
            len(ends) <= 2
            and all(self._accepts_value(end) for end in ends)
            and (not slash or (step.isdecimal() and int(step) > 0))
        )

    def _accepts_value(self, text: str) -> bool:
        number = int(text) if text.isdecimal() else self.names.get(text)
        return number is not None and self.first <= number <= self.last


_CRON_FIELDS = (
    _CronField(0, 59),
    _CronField(0, 23),
    _CronField(1, 31, special="l"),  # the month's last day
    _CronField(1, 12, {name: number for number, name in enumerate(_MONTHS, start=1)}),
    _CronField(  # the month's n-th or last weekday
        0,
        7,
        {name: number for number, name in enumerate(_WEEKDAYS)},
        special=f"([0-7]|{'|'.join(_WEEKDAYS)})#[1-5]|l[0-7]",
    ),
)


def _check_cron_or_interval(text: str) -> str:
    """Raise ValueError for a text that is neither a cron text nor an interval."""
    if _is_cron(text):
        return text
    try:
        seconds = parse_duration(text) if is_interval(text) else None
    except ValueError:
        seconds = None
    if seconds is None:
        raise ValueError('write a cron text of five fields like "0 5 * * *", or an interval: 10m')
    if seconds < 1:
        raise ValueError("an interval is at least 1s")
    return text


def _is_cron(text: str) -> bool:
    """Whether the text is a valid cron text.

    Checked here, not by croniter: every step's key would hold croniter's version.
    """
    fields = text.split()
    return len(fields) == len(_CRON_FIELDS) and all(
        kind.accepts(one) for kind, one in zip(_CRON_FIELDS, fields, strict=True)
    )


def is_interval(text: str) -> bool:
    """Whether a checked text is an interval rather than a cron text."""
    return " " not in text.strip()


def _check_time_zone(name: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # an unknown name, a folder, or an invalid name
        raise ValueError("write the name of a time zone such as UTC or Europe/Lisbon") from None
    return name


def _check_time_of_day(value: Any) -> Any:
    """The time as text. YAML reads an unquoted 16:00 as a number, in sixties."""
    if isinstance(value, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        return value
    raise ValueError('write a time of day in quotes: "06:00", "16:30"')


CronOrInterval = Annotated[str, AfterValidator(_check_cron_or_interval)]
TimeZoneName = Annotated[str, AfterValidator(_check_time_zone)]
TimeOfDay = Annotated[str, BeforeValidator(_check_time_of_day)]


class Schedule(Section):
    """When this use case's flows run automatically: a cron text, or an interval like 10m. A flow
    that is left out runs when an event or a person asks for it.
    """

    train: CronOrInterval | None = None
    score: CronOrInterval | None = None
    monitor: CronOrInterval | None = None
    """Also reads the labels that arrived."""
    retrain: CronOrInterval | None = None
    zone: TimeZoneName = "UTC"
    """The time zone of the cron texts and of `score.by`."""
