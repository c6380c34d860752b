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
from importlib.metadata import version
from pathlib import Path

from benchmarks.asked import command
from benchmarks.living.tables import BUDGET, monitored, scored
from benchmarks.rivals import Absent

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
        score, kept = scored(sizes, options.rounds, say)
        monitor, also = monitored(sizes, options.rounds, say, alone=options.alone)
    except Absent as error:
        say(str(error))
        return 2
    holds = kept and also
    budget = f"Budget: any number of rows in {BUDGET / 1e6:,.0f} MB: **{_said(holds)}**."
    text = "\n\n".join([_head(options.rounds), score, monitor, budget]) + "\n"
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


def _said(holds: bool) -> str:
    return "holds" if holds else "does not hold"


def say(text: str) -> None:
    """Tell whoever waits."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
