"""CPU time of this process and of those that it started, on Linux; elsewhere without live ones.

Source: proc(5), /proc/pid/stat and /proc/pid/task/tid/children; times(2) for processes that ended.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def read_cpu_seconds() -> float:
    """Seconds that this process, its threads and all its descendants have computed so far.

    What a descendant did counts while it lives, and once it has ended and was waited for.
    """
    own = os.times()
    ended = own.children_user + own.children_system
    return own.user + own.system + ended + sum(map(_cpu_seconds, _descendants(os.getpid())))


def _descendants(pid: int) -> Iterator[int]:
    found: list[str] = []
    with suppress(OSError):  # it has ended, or this system has no such file
        for task in (_PROC / str(pid) / "task").iterdir():
            with suppress(OSError):
                found += (task / "children").read_text(encoding="ascii").split()
    for child in map(int, found):
        yield child
        yield from _descendants(child)


def _cpu_seconds(pid: int) -> float:
    """Of one process and of those that it has waited for; 0 if it is gone."""
    try:
        # Its name, in parentheses, may hold anything.
        stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
        fields = stat.rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError):
        return 0.0
