"""Moments as people say them: "2 hours ago", "in 20 minutes"."""

from __future__ import annotations

from datetime import datetime

_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"))


def describe_age(moment: datetime, now: datetime) -> str:
    """How long ago a moment was, or how far ahead it is: "just now", "2 hours ago", "in 3 days".

    In the largest unit of which there is at least one, rounded down.
    """
    seconds = (now - moment).total_seconds()
    span = describe_span(abs(seconds))
    if not span:
        return "just now" if seconds >= 0 else "now"
    return f"{span} ago" if seconds > 0 else f"in {span}"


def describe_span(seconds: float) -> str:
    """A time in its largest whole unit: "1 minute", "3 days"; "" for less than a minute."""
    for size, name in _UNITS:
        if count := int(seconds // size):
            return f"{count:,} {name}{'s' if count > 1 else ''}"
    return ""
