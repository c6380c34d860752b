"""Durations as text."""

from __future__ import annotations

_UNITS = ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute"), (1.0, "second"))


def format_duration(seconds: float) -> str:
    """`seconds` in the largest unit that gives at least two, such as "36 hours" or "90 seconds"."""
    for size, name in _UNITS:
        if seconds >= 2 * size:
            count = seconds / size
            return f"{count:,.0f} {name}s" if count >= 1000 else f"{count:.3g} {name}s"
    return f"{seconds:.2g} seconds" if seconds != 1 else "1 second"
