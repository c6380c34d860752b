"""The day that a batch is of: told by its folder, by its name, or by when its file was written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from assay.config.data import Source
from assay.production.scoring.incoming_batch import IncomingBatch
from assay.sources.files import find_files

DateOrigin = Literal["partition", "name", "modified"]
"""partition: a folder such as day=2026-03-31, or year=2026/month=03. name: a date in the file's
name, such as 2026-03-31, 20260331, or 2026-03 for its last day. modified: when the file was
written.
"""

_DAY_COLUMNS: Final = ("day", "date", "dt", "ds")
_NAMED_DATE: Final = re.compile(
    r"(?<!\d)(?P<year>[12]\d{3})(?P<sep>[-_.]?)(?P<month>\d{2})(?:(?P=sep)(?P<day>\d{2}))?(?!\d)"
)


@dataclass(frozen=True)
class DatedBatch:
    """A batch and the day that it is of; of a month's, its last day."""

    day: date
    batch: IncomingBatch


@dataclass(frozen=True)
class DatedBatches:
    """Batches by day. `undated`: the names of those that `origin` gives no day."""

    origin: DateOrigin
    batches: tuple[DatedBatch, ...]
    undated: tuple[str, ...] = ()


def date_batches(
    batches: Iterable[IncomingBatch], zone: str, origin: DateOrigin | None = None
) -> DatedBatches:
    """Batches in the order of their days, and of their names within a day.

    `origin` says what tells the day. By default it is the first of partition, name and modified
    that tells any batch's. `zone` is that of a file's time. Raises SourceError for a file that
    cannot be asked for its time, StoreUnreachable.
    """
    known = list(batches)
    chosen = origin or _first_telling(known, zone)
    days = [(_day(batch, chosen, zone), batch) for batch in known]
    dated = [DatedBatch(day, batch) for day, batch in days if day is not None]
    dated.sort(key=lambda one: (one.day, one.batch.name))
    return DatedBatches(chosen, tuple(dated), tuple(b.name for day, b in days if day is None))


def _first_telling(batches: Iterable[IncomingBatch], zone: str) -> DateOrigin:
    known = list(batches)
    kinds: tuple[DateOrigin, ...] = ("partition", "name")
    told = (kind for kind in kinds if any(_day(batch, kind, zone) for batch in known))
    return next(told, "modified")


def source_day(source: Source, name: str, origin: DateOrigin, zone: str) -> date | None:
    """The day of one file, such as one of labels; where `origin` does not tell, its time does."""
    batch = IncomingBatch(name, name, source)
    return _day(batch, origin, zone) or _day(batch, "modified", zone)


def _day(batch: IncomingBatch, origin: DateOrigin, zone: str) -> date | None:
    if origin == "partition":
        return _partition_day(dict(batch.source.partition))
    if origin == "name":
        return next(_named_days(re.split(r"[/\\]", batch.name)[-1]), None)
    modified = find_files(batch.source)[0].status()["modified"]
    return datetime.fromisoformat(modified).astimezone(ZoneInfo(zone)).date() if modified else None


def _partition_day(columns: dict[str, str | None]) -> date | None:
    values = {name.lower(): value for name, value in columns.items() if value}
    for name in _DAY_COLUMNS:
        if "year" in values and "month" in values:
            break  # then a column "day" is the day of the month
        for day in _named_days(values.get(name, "")):
            return day
    parts = [values.get(name) for name in ("year", "month", "day")]
    numbers = [int(part) for part in parts if part and part.isdecimal()]
    return _make_day(*numbers) if len(numbers) == len([p for p in parts if p]) > 1 else None


def _named_days(text: str) -> Iterator[date]:
    """The dates in a text, in order."""
    for match in _NAMED_DATE.finditer(text):
        numbers = [int(match[part]) for part in ("year", "month", "day") if match[part]]
        found = _make_day(*numbers)
        # Six digits in a row are a number more often than a month.
        if found and (match["sep"] or match["day"]):
            yield found


def _make_day(year: int, month: int, day: int | None = None) -> date | None:
    """A day; without `day`, the last one of the month; None where the calendar has none such."""
    try:
        if day is not None:
            return date(year, month, day)
        first = date(year, month, 1)
        return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    except (ValueError, OverflowError):
        return None
