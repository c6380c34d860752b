"""When a use case's flows run by themselves."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from assay.config.section import Section, parse_duration


def _check_cron_or_interval(text: str) -> str:
    """Raises ValueError for what is neither a cron text nor an interval."""
    from croniter import croniter

    if is_interval(text):
        if parse_duration(text) < 1:
            raise ValueError("an interval is at least 1s")
    elif len(text.split()) != 5 or not croniter.is_valid(text):
        raise ValueError('write a cron text of five fields like "0 5 * * *", or an interval: 10m')
    return text


def is_interval(when: str) -> bool:
    """Whether a checked text is an interval, and no cron text."""
    return " " not in when.strip()


def _check_time_zone(name: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # unknown; a folder; no name
        raise ValueError("write the name of a time zone such as UTC or Europe/Lisbon") from None
    return name


CronOrInterval = Annotated[str, AfterValidator(_check_cron_or_interval)]
TimeZoneName = Annotated[str, AfterValidator(_check_time_zone)]


class Schedule(Section):
    """When this use case's flows run by themselves: a cron text, or an interval like 10m. What is
    left out runs when an event or a person asks for it.
    """

    train: CronOrInterval | None = None
    score: CronOrInterval | None = None
    monitor: CronOrInterval | None = None
    """It reads the labels that came, too."""
    retrain: CronOrInterval | None = None
    zone: TimeZoneName = "UTC"
    """The time zone of the cron texts."""
