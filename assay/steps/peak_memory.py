"""The peak memory of this process, on Linux; elsewhere unknown.

Child processes do not count. Source: proc(5), /proc/pid/clear_refs and /proc/pid/status.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_SELF = Path("/proc/self")


def reset_peak() -> None:
    """Measure the peak from now on."""
    with suppress(OSError):
        (_SELF / "clear_refs").write_text("5", encoding="ascii")


def read_peak() -> int | None:
    """The peak of resident memory in bytes; None where the system does not say."""
    with suppress(OSError, ValueError):
        for line in (_SELF / "status").read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name == "VmHWM":
                return int(value.split()[0]) * 1024
    return None
