"""`python -m benchmarks.calibration`: how often each gate is wrong, as a Markdown page.

Prints the page, or writes it to --out; progress goes to standard error. Experiments that were run
before with the same code, versions and seeds are not run again. Exit code 1 if a claim does not
hold or a gate raised.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.asked import command as made_by
from benchmarks.calibration.page import page
from benchmarks.calibration.run import GATES, run


def say(text: str) -> None:
    """Tell whoever waits: a terminal how far it is, a file what is done."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
    elif text.endswith("\n"):
        print(text, end="", file=sys.stderr, flush=True)


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    asked.add_argument("--gate", choices=GATES, action="append", help="may be repeated; else all")
    asked.add_argument("--seeds", type=int, help="at most so many of each experiment")
    asked.add_argument("--jobs", type=int, default=2, help="processes at once")
    asked.add_argument("--out", type=Path, help="write the page to this file")
    options = asked.parse_args()
    if min(options.jobs, 1 if options.seeds is None else options.seeds) < 1:
        asked.error("--seeds and --jobs are at least 1")
    gates = options.gate or GATES
    tallies = {
        gate: run(gate, most_seeds=options.seeds, jobs=options.jobs, say=say) for gate in gates
    }
    text = page(tallies, made_by("benchmarks.calibration", sys.argv[1:]))
    if options.out is None:
        print(text, end="")
    else:
        options.out.write_text(text)
    sound = all(tally.holds(e) for found in tallies.values() for e, tally in found.items())
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
