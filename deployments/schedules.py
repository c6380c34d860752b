"""A schedule as Prefect takes it, and the silence after which its flow is missed."""

from __future__ import annotations

from assay.config.due_moments import longest_pause
from assay.config.schedule import is_interval
from assay.config.section import parse_duration


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
