"""`python -m benchmarks.living`: what scoring takes, beside the bare loop.

Every figure comes from a process of its own; contenders take turns within a run; medians over the
rounds. What is imported, and what the first use of a library sets up, is not counted; loading the
model, reading the rows and writing the answers are. Prints Markdown; progress goes to standard
error. Exit code 1 if the memory is not bounded.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from benchmarks.contest import Contender, measure
from benchmarks.living import rows

CONTENDERS = (
    Contender("Assay", "living.score.assay"),
    Contender("the bare loop, scikit-learn {}", "living.score.bare", "scikit-learn"),
)
_BOUND = 1800  # seconds
_MEMORY = 1e9  # bytes, however many rows


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m benchmarks.living", description=__doc__)
    asked.add_argument("--rows", nargs="+", choices=list(rows.SIZES), default=list(rows.SIZES))
    asked.add_argument("--rounds", type=int, default=3)
    options = asked.parse_args()
    names = ("pandas", "numpy", "pyarrow", "scikit-learn")
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} processors, median of "
        f"{options.rounds}; " + ", ".join(f"{name} {version(name)}" for name in names) + "\n"
    )
    print("## Score\n\nHistGradientBoosting on sixteen columns, one thread for numbers.\n")
    print(
        "| rows | | CPU s | wall s | rows a second | memory in all, MB | wall s by the bare loop |"
    )
    print("|---|---|---|---|---|---|---|")
    within = True
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as home:
        say("training the model")
        learnt, tiny = Path(home) / "model", Path(home) / "tiny"
        rows.model(learnt)
        rows.make(tiny, learnt, rows.TINY)
        for size in options.rows:
            say(size)
            rows.make(Path(home) / size, learnt, rows.SIZES[size])
            within &= _print(size, Path(home) / size, tiny, options.rounds)
    print(
        f"\nBudget: any number of rows in {_MEMORY / 1e6:,.0f} MB: "
        f"**{'holds' if within else 'does not hold'}**."
    )
    return 0 if within else 1


def say(text: str) -> None:
    """Tell whoever waits."""
    print(text, file=sys.stderr, flush=True)


def _print(size: str, folder: Path, tiny: Path, rounds: int) -> bool:
    """The rows of one size, and whether Assay kept to its memory."""
    measured = measure(CONTENDERS, folder, tiny, rounds, bound=_BOUND)
    own, bare = (measured[contender] for contender in CONTENDERS)
    for contender, one in measured.items():
        if one.why_not:
            print(f"| {size} | {contender.title()} | {one.why_not} | | | | |", flush=True)
            continue
        wall, ratio = one.median("wall"), ""
        if bare.wall:
            ratio = f"{wall / bare.median('wall'):.2f}"
        cells = [
            f"{one.median('cpu'):.2f}",
            f"{wall:.2f}",
            f"{rows.SIZES[size] / wall:,.0f}",
            f"{one.median('peak') / 1e6:.0f}",
            ratio,
        ]
        print(f"| {size} | {contender.title()} | {' | '.join(cells)} |", flush=True)
    return not own.why_not and own.median("peak") <= _MEMORY


if __name__ == "__main__":
    sys.exit(main())
