"""Give freed memory back to the system: allocators keep it, and a run's next stage needs its own.

The rows of a wide table leave hundreds of megabytes of small pieces behind.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress


def release_freed_memory() -> None:
    """Give back what Arrow and the C library hold and nothing uses. Slow only if there is much."""
    if arrow := sys.modules.get("pyarrow"):
        arrow.default_memory_pool().release_unused()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # other C libraries than glibc have no such call
            ctypes.CDLL(None).malloc_trim(0)
