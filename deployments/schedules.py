"""The meaning of a cron text or an interval."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from assay.config.schedule import is_interval
from assay.config.section import parse_duration

DEADLINE_DAYS = 31
_DUE_MOMENTS = 400  # a daily schedule's year, with its changes of the clock


def longest_pause(schedule: str, zone: str) -> float:
    """The longest time between two due moments, in seconds."""
    if is_interval(schedule):
        return float(parse_duration(schedule))
    from croniter import croniter

    # From a fixed moment: the answer is the same whenever it is asked.
    due = croniter(schedule, datetime(2026, 1, 1, tzinfo=ZoneInfo(zone)))
    moments = [due.get_next(float) for _ in range(_DUE_MOMENTS)]
    return float(max(later - before for before, later in pairwise(moments)))


def longest_silence(schedule: str, zone: str, late: float) -> float:
    """The seconds without a run after which a scheduled flow counts as silent."""
    return 1.5 * longest_pause(schedule, zone) + late


def due_moments(by: str, schedule: str | None, zone: str, as_of: datetime) -> tuple[datetime, ...]:
    """The moments (UTC) of a daily deadline, of the last `DEADLINE_DAYS` days up to `as_of`.

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
    from croniter import croniter

    # Without a zone: on the day of its own calendar.
    midnight = datetime.combine(day, time())
    due: datetime = croniter(cron, midnight - timedelta(seconds=1)).get_next(datetime)
    return due.date() == day


def next_moment(schedule: str, zone: str, as_of: datetime) -> datetime:
    """The next due moment after `as_of`, in UTC."""
    if is_interval(schedule):
        every = float(parse_duration(schedule))
        passed = as_of.timestamp() // every
        return datetime.fromtimestamp((passed + 1) * every, UTC)
    from croniter import croniter

    due: datetime = croniter(schedule, as_of.astimezone(ZoneInfo(zone))).get_next(datetime)
    return due.astimezone(UTC)


def schedule_json(schedule: str, zone: str) -> dict[str, object]:
    """A schedule in the form of `prefect.yaml` and of Prefect's API."""
    if is_interval(schedule):
        # From the epoch, so that a set-up that is started again keeps its rhythm.
        anchor = "1970-01-01T00:00:00+00:00"
        return {
            "interval": float(parse_duration(schedule)),
            "anchor_date": anchor,
            "timezone": "UTC",
        }
    return {"cron": schedule, "timezone": zone}
