"""`python -m benchmarks.operation`: overhead and punctuality of a set-up, and an hour of load.

Brings up a server and a worker, on SQLite and on a PostgreSQL of its own (Debian's package), in a
temporary folder. Prints Markdown, or writes it to --out, where sections that were not asked for
stay as they are; progress goes to standard error. Exit code 1 if the budget does not hold, or a
run failed or did not end.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from assay.config.operations import Operations
from benchmarks.asked import command as made_by
from benchmarks.operation import page
from benchmarks.operation.measures import DATABASES, alone, load, overhead, place
from tests.faults.postgres import program

_SECTIONS = ("overhead", "alone", "load")


def main() -> int:
    options = _asked()
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as folder:
        measured = dict(_measured(Path(folder).resolve(), options))
    by = page.by(made_by("benchmarks.operation", sys.argv[1:]), _version())
    sections = {title: f"{text}\n\n{by}" for title, (text, _) in measured.items()}
    if options.out is None:
        print(page.whole(sections), end="")
    else:
        old = options.out.read_text() if options.out.is_file() else ""
        options.out.write_text(page.whole(page.sections(old) | sections))
    return 0 if all(holds for _, holds in measured.values()) else 1


def _measured(home: Path, options: argparse.Namespace) -> Iterator[tuple[str, tuple[str, bool]]]:
    """Titles of sections, with their texts and whether all is as it should be."""
    overheads, punctual = {}, {}
    for database in DATABASES if {"overhead", "alone"} & {*options.section} else ():
        with place(home / database, database, 1, say) as made:
            if "overhead" in options.section:
                overheads[database] = overhead(made, options.rounds, say)
            if "alone" in options.section:
                punctual[database] = alone(made, options.alone, say)
    if overheads:
        yield page.OVERHEAD, page.overheads(overheads)
    if punctual:
        yield page.ALONE, (page.punctual(punctual), True)
    if "load" in options.section:
        with place(home / "load", options.load, options.cases, say) as made:
            found = load(made, options.minutes, say)
        sound = not found.unfinished and all(run.good for run in found.runs)
        late = Operations().late
        text = page.loaded(found, options.load, options.cases, options.minutes, late)
        yield page.LOAD, (text, sound)


def _asked() -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="python -m benchmarks.operation", description=__doc__)
    asked.add_argument("--section", nargs="+", choices=_SECTIONS, default=_SECTIONS)
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
