"""Give freed memory back to the system: allocators keep it, and a run's next stage needs its own.

The rows of a wide table leave hundreds of megabytes of small pieces behind.
"""

from __future__ import annotations

import ctypes
import gc
import resource
import sys
from contextlib import suppress
from pathlib import Path

_MUCH = 400 << 20
"""Bytes in use from which on a search for unreachable objects, some tenths of a second, pays."""


def release_freed_memory() -> None:
    """Give back what Arrow and the C library hold and nothing uses. Slow only if there is much."""
    if _resident_bytes() > _MUCH:
        gc.collect()
    if arrow := sys.modules.get("pyarrow"):
        arrow.default_memory_pool().release_unused()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # other C libraries than glibc have no such call
            ctypes.CDLL(None).malloc_trim(0)


def _resident_bytes() -> int:
    """Memory in use; 0 where the system does not say."""
    with suppress(OSError, ValueError, IndexError):
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * resource.getpagesize()
    return 0
