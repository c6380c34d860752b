"""One contender measured in this process: `python -m benchmarks.gates.meter MODULE FOLDER TINY`.

Uses the standard library alone, because it also runs in the rivals' environments. Prints one JSON
object, last: CPU seconds (user and system, of all threads and of child processes), wall seconds,
memory in bytes, and what the contender found.

The contender first works on TINY, a thousand rows, so that whatever it imports or sets up on its
first use is there. `beyond` is the peak of resident memory while it works, less what the process
held before; `peak` is that peak.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from importlib import import_module
from pathlib import Path


def main() -> None:
    module, *folders = sys.argv[1:]
    folder, tiny = map(Path, folders)
    contender = import_module(module)
    contender.work(tiny, contender.prepare(tiny))
    state = contender.prepare(folder)
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
