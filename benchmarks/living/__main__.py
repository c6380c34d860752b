"""`python -m benchmarks.living`: what scoring and a look of the monitor take, beside a bare loop
and NannyML, and that memory is bounded however many rows there are.

Every figure comes from a process of its own; contenders take turns within a run; medians over the
rounds. Prints Markdown, or writes it to --out; progress goes to standard error. Exit code 1 if the
memory is not bounded.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from benchmarks.asked import command
from benchmarks.living.tables import Peaks, monitored, scored
from benchmarks.rivals import Absent

BUDGET = 1e9  # bytes, however many rows
SIZES = {"50k": 50_000, "500k": 500_000, "5M": 5_000_000}


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m benchmarks.living", description=__doc__)
    asked.add_argument("--rows", nargs="+", choices=list(SIZES), default=list(SIZES))
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--alone", action="store_true", help="without NannyML")
    asked.add_argument("--out", type=Path)
    options = asked.parse_args()
    sizes = {name: SIZES[name] for name in options.rows}
    try:
        score, scoring = scored(sizes, options.rounds, say)
        monitor, looking = monitored(sizes, options.rounds, say, alone=options.alone)
    except Absent as error:
        say(str(error))
        return 2
    holds = max(*scoring.values(), *looking.values()) <= BUDGET
    text = "\n\n".join([_head(options.rounds), score, monitor, *_memory(scoring, looking)]) + "\n"
    if options.out:
        options.out.write_text(text)
    else:
        print(text, end="")
    return 0 if holds else 1


def _head(rounds: int) -> str:
    names = ("pandas", "numpy", "pyarrow", "scikit-learn")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return f"""\
# What the living model takes

Written by `{command("benchmarks.living", sys.argv[1:])}`: {os.cpu_count()} processors, \
Python {platform.python_version()}, {versions}.

All figures are of this one run. Contenders take turns, each in a process of its own; medians of \
{rounds} rounds, one thread for numbers. Imports, and what the first use of a library sets up, are \
not counted; loading the model, reading the rows and writing the answers are."""


def _memory(scoring: Peaks, looking: Peaks) -> Iterator[str]:
    """Whether the budget holds, and how memory grows between the two largest sizes."""
    yield "## Memory"
    most = max(*scoring.values(), *looking.values())
    said = "holds" if most <= BUDGET else "does not hold"
    yield (
        f"Budget: {BUDGET / 1e6:,.0f} MB, however many rows. Of up to {max(scoring):,} rows it "
        f"**{said}**: {most / 1e6:,.0f} MB."
    )
    if len(scoring) > 1:
        grew = {what: _slope(one) for what, one in (("scoring", scoring), ("a look", looking))}
        few, many = sorted(scoring)[-2:]
        each = ", ".join(f"{what} {slope:,.0f}" for what, slope in grew.items())
        yield (
            f"Between {few:,} and {many:,} rows it grew by so many bytes a row: {each}. A look "
            "holds the labels that it is told and the answers that they are about, eight bytes "
            "and less for each of a few figures; what it was told before is on the disk."
        )


def _slope(peaks: Peaks) -> float:
    few, many = sorted(peaks)[-2:]
    return (peaks[many] - peaks[few]) / (many - few)


def say(text: str) -> None:
    """Tell whoever waits."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
