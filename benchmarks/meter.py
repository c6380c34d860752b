"""One contender measured in this process: `python -m benchmarks.meter MODULE FOLDER TINY [--cold]`.

Uses the standard library alone, because it also runs in the rivals' environments. Prints one JSON
object, last: CPU seconds (user and system, of all threads and of child processes), wall seconds,
memory in bytes, and what the contender found.

The contender first works on TINY, which is small, so that whatever it imports or sets up on its
first use is there. `beyond` is the peak of resident memory while it works, less what the process
held before; `peak` is that peak. With --cold, all files below FOLDER are on the disk and no longer
in the page cache when the work begins; without, what was read or written last may be there.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from importlib import import_module
from pathlib import Path


def main() -> None:
    module, *folders = [word for word in sys.argv[1:] if word != "--cold"]
    folder, tiny = map(Path, folders)
    contender = import_module(module)
    contender.work(tiny, contender.prepare(tiny))
    state = contender.prepare(folder)
    if "--cold" in sys.argv:
        _evict(folder)
    # Linux: from now on the peak is that of the work. getrusage's would be the larger of it and
    # of what the process that started this one held.
    Path("/proc/self/clear_refs").write_text("5")
    held, cpu, wall = _resident("VmRSS"), _cpu(), time.perf_counter()
    found = contender.work(folder, state)
    measured = {
        "cpu": _cpu() - cpu,
        "wall": time.perf_counter() - wall,
        "beyond": _resident("VmHWM") - held,
        "peak": _resident("VmHWM"),
        "found": str(found),
    }
    print(json.dumps(measured))


def _evict(folder: Path) -> None:
    os.sync()  # what is not on the disk yet cannot leave the memory
    for path in folder.rglob("*"):
        if path.is_file():
            with open(path, "rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _cpu() -> float:
    both = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(used.ru_utime + used.ru_stime for used in both)


def _resident(what: str) -> int:
    [line] = [
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(what)
    ]
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main()
