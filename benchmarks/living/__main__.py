"""`python -m benchmarks.living`: benchmark scoring and monitoring against a bare loop and NannyML,
and check that memory is bounded for any number of rows.

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
# Scoring and monitoring benchmarks

Written by `{command("benchmarks.living", sys.argv[1:])}`: {os.cpu_count()} processors, \
Python {platform.python_version()}, {versions}.

All figures come from this one run. Contenders take turns, each in its own process. Figures are \
medians of {rounds} rounds; numeric libraries use one thread. Loading the model, reading the rows \
and writing the predictions count. Imports, and what a library sets up at its first use, do not."""


def _memory(scoring: Peaks, looking: Peaks) -> Iterator[str]:
    """Whether the budget holds, and how memory grows between the two largest sizes."""
    yield "## Memory"
    most = max(*scoring.values(), *looking.values())
    said = "holds" if most <= BUDGET else "does not hold"
    yield (
        f"Budget: {BUDGET / 1e6:,.0f} MB for any number of rows. Up to {max(scoring):,} rows it "
        f"**{said}**: {most / 1e6:,.0f} MB."
    )
    if len(scoring) > 1:
        grew = {what: _slope(one) for what, one in (("scoring", scoring), ("a look", looking))}
        few, many = sorted(scoring)[-2:]
        each = ", ".join(f"{what} {slope:,.0f}" for what, slope in grew.items())
        yield (
            f"Between {few:,} and {many:,} rows, memory grew by this many bytes a row: {each}. A "
            "look keeps new labels and their predictions in memory: a few figures for each row, "
            "of at most eight bytes each. Earlier labels stay on disk."
        )


def _slope(peaks: Peaks) -> float:
    few, many = sorted(peaks)[-2:]
    return (peaks[many] - peaks[few]) / (many - few)


def say(text: str) -> None:
    """Tell whoever waits."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
