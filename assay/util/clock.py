"""Moments in UTC, as RFC 3339 writes them.

Every event of a model has a moment (`as_of`): the clock's, unless the past is replayed. Commands
and flows read the clock; the core takes the moment as an argument.
"""

from __future__ import annotations

from datetime import UTC, datetime

from assay.errors import ConfigError


def parse_timestamp(text: str | None) -> datetime:
    """Parse a moment: a date (its beginning) or a date with a time, in UTC where no zone is given.
    None is now. Raises ConfigError.
    """
    if text is None:
        return datetime.now(UTC)
    try:
        found = datetime.fromisoformat(text.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ConfigError(
            f"{text!r} is no date and no moment",
            remedy="Write 2026-03-31, or 2026-03-31T12:00:00Z.",
        ) from None


def format_timestamp(timestamp: datetime) -> str:
    """The journal's form: RFC 3339, in UTC, to the second."""
    return timestamp.astimezone(UTC).isoformat(timespec="seconds")


def display_timestamp(timestamp: datetime) -> str:
    """For people, to the minute: "2016-03-01 12:00"."""
    return timestamp.astimezone(UTC).isoformat(" ", "minutes")[:16]
