"""`python -m benchmarks.operation`: overhead and punctuality of a set-up, and an hour of load.

Brings up a server and a worker, on SQLite and on a PostgreSQL of its own (Debian's package), in a
temporary folder. Prints Markdown, or writes it to --out; progress goes to standard error. Exit
code 1 if the budget does not hold, or a run failed or did not end.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from assay.config.operation import Operations
from benchmarks.asked import command as made_by
from benchmarks.operation import page
from benchmarks.operation.measures import DATABASES, alone, load, overhead, place
from tests.faults.postgres import program


def main() -> int:
    options = _asked()
    overheads, punctual = {}, {}
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        home = Path(folder).resolve()
        for database in DATABASES:
            with place(home / database, database, 1, say) as made:
                overheads[database] = overhead(made, options.rounds, say)
                punctual[database] = alone(made, options.alone, say)
        with place(home / "load", options.load, options.cases, say) as made:
            found = load(made, options.minutes, say)
    table, holds = page.overheads(overheads)
    parts = [
        page.head(made_by("benchmarks.operation", sys.argv[1:]), _version()),
        table,
        page.punctual(punctual),
        page.loaded(found, options.load, options.cases, options.minutes, Operations().late),
    ]
    text = "\n\n".join(parts) + "\n"
    if options.out is None:
        print(text, end="")
    else:
        options.out.write_text(text)
    return 0 if holds and not found.unfinished and all(run.good for run in found.runs) else 1


def _asked() -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="python -m benchmarks.operation", description=__doc__)
    asked.add_argument("--minutes", type=int, default=60, help="how long the load lasts")
    asked.add_argument("--cases", type=int, default=20, help="use cases, ten runs an hour of each")
    asked.add_argument("--rounds", type=int, default=5, help="of the overhead")
    asked.add_argument("--alone", type=int, default=10, help="minutes of one run a minute")
    asked.add_argument("--load", choices=DATABASES, default="PostgreSQL", help="under the load")
    asked.add_argument("--out", type=Path)
    return asked.parse_args()


def _version() -> str:
    asked = [program("postgres"), "--version"]
    said = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    return "PostgreSQL " + said.split()[2]


def say(text: str) -> None:
    """Tell whoever waits."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
