"""The moments at which a schedule, or a daily deadline, is due. All are given in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from assay.config.schedule import is_interval
from assay.config.section import parse_duration

if TYPE_CHECKING:
    from croniter import croniter

DEADLINE_DAYS = 31
_DUE_MOMENTS = 400  # a daily schedule's year, with its changes of the clock
_SECOND = timedelta(seconds=1)


def longest_pause(schedule: str, zone: str) -> float:
    """The longest time between two due moments, in seconds."""
    if is_interval(schedule):
        return float(parse_duration(schedule))
    # From a fixed moment: the answer is the same whenever it is asked.
    due = _due_from(schedule, datetime(2026, 1, 1, tzinfo=ZoneInfo(zone)))
    moments = [due.get_next(float) for _ in range(_DUE_MOMENTS)]
    return float(max(later - before for before, later in pairwise(moments)))


def next_moment(schedule: str, zone: str, as_of: datetime) -> datetime:
    """The next due moment after `as_of`. Intervals count from the epoch."""
    if is_interval(schedule):
        every = float(parse_duration(schedule))
        passed = as_of.timestamp() // every
        return datetime.fromtimestamp((passed + 1) * every, UTC)
    due: datetime = _due_from(schedule, as_of.astimezone(ZoneInfo(zone))).get_next(datetime)
    return due.astimezone(UTC)


def first_moment(schedule: str | None, zone: str, since: datetime) -> datetime:
    """The first due moment of a cron text at or after `since`. Without one, or with an interval,
    which is short beside a day, `since` itself.
    """
    if schedule is None or is_interval(schedule):
        return since
    return next_moment(schedule, zone, since - timedelta.resolution)


def last_moment(schedule: str | None, zone: str, day: date) -> datetime:
    """The last due moment of a cron text on a day of the zone; else the end of the day."""
    place = ZoneInfo(zone)
    midnight = datetime.combine(day + timedelta(days=1), time(), place)
    end = midnight.astimezone(UTC) - _SECOND
    if schedule is None or is_interval(schedule):
        return end
    due: datetime = _due_from(schedule, midnight).get_prev(datetime)
    return due.astimezone(UTC) if due.date() == day else end


def deadline_moments(
    by: str, schedule: str | None, zone: str, as_of: datetime
) -> tuple[datetime, ...]:
    """The moments of a daily deadline, of the last `DEADLINE_DAYS` days up to `as_of`.

    `by`: a time of day in the zone. It counts on the days on which a cron text is due, on all days
    without one. A time that a change of the clock leaves out is the moment at which it would be.
    """
    clock_time, place = time.fromisoformat(by), ZoneInfo(zone)
    today = as_of.astimezone(place).date()
    days = [today - timedelta(days=back) for back in range(DEADLINE_DAYS, -1, -1)]
    if schedule and not is_interval(schedule):
        days = [day for day in days if _is_due_on(day, schedule)]
    moments = (datetime.combine(day, clock_time, place).astimezone(UTC) for day in days)
    return tuple(moment for moment in moments if moment <= as_of)


def _is_due_on(day: date, cron: str) -> bool:
    """Whether a cron text is due at any time of a day."""
    # Without a zone: on the day of its own calendar.
    due: datetime = _due_from(cron, datetime.combine(day, time()) - _SECOND).get_next(datetime)
    return due.date() == day


def _due_from(cron: str, moment: datetime) -> croniter:
    """The due moments of a cron text around a moment, as Prefect computes them."""
    from croniter import croniter

    return croniter(cron, moment)
