"""The moments at which a past day's scheduled flows would have run."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from assay.config.schedule import is_interval


def last_due_moment(day: date, schedule: str | None, zone: str) -> datetime:
    """When the batches of a day would have been scored last: the last due moment of a cron text on
    that day, else the end of the day. Cron texts and days are of `zone`; the result is UTC.
    """
    place = ZoneInfo(zone)
    midnight = datetime.combine(day + timedelta(days=1), time(), place)
    last = midnight.astimezone(UTC) - timedelta(seconds=1)
    if schedule is None or is_interval(schedule):
        return last
    from croniter import croniter

    due = croniter(schedule, midnight).get_prev(datetime)
    return due.astimezone(UTC) if due.date() == day else last


def next_due_moment(after: datetime, schedule: str | None, zone: str) -> datetime:
    """The first due moment of a cron text at or after a moment. Without one, or with an interval,
    which is short beside a day, the moment itself.
    """
    if schedule is None or is_interval(schedule):
        return after
    from croniter import croniter

    just_before = after.astimezone(ZoneInfo(zone)) - timedelta(seconds=1)
    found: datetime = croniter(schedule, just_before).get_next(datetime)
    return found.astimezone(UTC)
