"""Amounts as people say them."""

from __future__ import annotations

_UNITS = ((86400.0, "day"), (3600.0, "hour"), (60.0, "minute"), (1.0, "second"))


def format_duration(seconds: float) -> str:
    """In the largest unit of which there are two: "36 hours", "90 seconds", "0.5 seconds"."""
    for size, name in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds / size:.3g} {name}s"
    return f"{seconds:.2g} seconds" if seconds != 1 else "1 second"
