"""`python -m benchmarks.living.monitor`: what a look takes, and CBPE beside NannyML's.

Every figure comes from a process of its own; contenders take turns within a run; medians over the
rounds. What is imported is not counted; reading the rows is. Prints Markdown; progress goes to
standard error. Exit code 1 if the memory is not bounded.
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
from benchmarks.living.monitor import rows

LOOK = (Contender("a look by Assay", "living.monitor.assay"),)
EXPECTED = (
    Contender("CBPE by Assay", "living.monitor.cbpe"),
    Contender("CBPE by NannyML {}", "living.monitor.nannyml_cbpe", "nannyml", rival="nannyml"),
)
_BOUND = 1800  # seconds
_MEMORY = 1e9  # bytes beyond what the process held, however many rows


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m benchmarks.living.monitor", description=__doc__)
    asked.add_argument("--rows", nargs="+", choices=list(rows.SIZES), default=list(rows.SIZES))
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--alone", action="store_true", help="without NannyML")
    options = asked.parse_args()
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} processors, median of "
        f"{options.rounds}; "
        + ", ".join(f"{name} {version(name)}" for name in ("numpy", "pyarrow"))
        + "\n\n## Monitor\n"
    )
    print("| rows | | CPU s | wall s | rows a second | memory beyond, MB | in all, MB | found |")
    print("|---|---|---|---|---|---|---|---|")
    within = True
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as home:
        rows.make(Path(home) / "tiny", rows.TINY)
        for size in options.rows:
            print(f"making {size}", file=sys.stderr, flush=True)
            rows.make(Path(home) / size, rows.SIZES[size])
            contenders = (LOOK,) if options.alone else (LOOK, EXPECTED)
            for contest in contenders:
                within &= _print(contest, size, Path(home), options.rounds)
    print(f"\nBudget: any number of rows in {_MEMORY / 1e6:,.0f} MB: "
          f"**{'holds' if within else 'does not hold'}**.")  # fmt: skip
    return 0 if within else 1


def _print(contest: tuple[Contender, ...], size: str, home: Path, rounds: int) -> bool:
    """The rows of one size, and whether Assay kept to its memory."""
    measured = measure(contest, home / size, home / "tiny", rounds, bound=_BOUND)
    for contender, one in measured.items():
        if one.why_not:
            print(f"| {size} | {contender.title()} | {one.why_not} | | | | | |", flush=True)
            continue
        wall = one.median("wall")
        memory = " | ".join(f"{one.median(what) / 1e6:.0f}" for what in ("beyond", "peak"))
        print(
            f"| {size} | {contender.title()} | {one.median('cpu'):.2f} | {wall:.2f} | "
            f"{rows.SIZES[size] / wall:,.0f} | {memory} | {one.found} |",
            flush=True,
        )
    own = measured[contest[0]]
    return not own.why_not and own.median("beyond") <= _MEMORY


if __name__ == "__main__":
    sys.exit(main())
