"""How much memory this process held at its peak, where the system tells: Linux does.

Source: proc(5), /proc/pid/clear_refs and /proc/pid/status. Processes that it starts do not count.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

_SELF = Path("/proc/self")


def reset_peak() -> None:
    """From now on the peak is that of what follows."""
    with suppress(OSError):
        (_SELF / "clear_refs").write_text("5")


def read_peak() -> int | None:
    """Bytes of resident memory at the most; None where nobody tells."""
    with suppress(OSError, ValueError):
        for line in (_SELF / "status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == "VmHWM":
                return int(value.split()[0]) * 1024
    return None
