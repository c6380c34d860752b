"""The meaning of a cron text or an interval."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from assay.config.schedule import is_interval
from assay.config.section import parse_duration

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
