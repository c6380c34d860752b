"""Amounts of bytes and of computing time for people."""

from __future__ import annotations

_SIZES = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
_TIMES = ((86400.0, "CPU days"), (3600.0, "CPU hours"), (60.0, "CPU minutes"))


def format_bytes(size: int) -> str:
    """Three digits and a unit: "1.25 MB", "820 bytes"."""
    for unit, name in _SIZES:
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size} bytes"


def format_cpu_time(seconds: float) -> str:
    """In the largest unit that gives at least two: "3.5 CPU hours", "90 CPU seconds"."""
    for unit, name in _TIMES:
        if seconds >= 2 * unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds:.3g} CPU seconds"
