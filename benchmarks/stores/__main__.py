"""`python -m benchmarks.stores`: benchmark storing and verifying, as a Markdown page.

Prints the page, or writes it to --out; progress goes to standard error. Exit code 1 if a budget
does not hold that was measured at its full size.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.asked import command as made_by
from benchmarks.contest import Absent, Contender, measure, output
from benchmarks.stores import page
from benchmarks.stores.contests import CONTESTS, GROWTH, PROFILED, PROMISES, Contest
from benchmarks.stores.files import SMALL, make
from benchmarks.stores.growth import rows as growing
from benchmarks.stores.growth.spread import spread
from benchmarks.stores.unchanged import pipeline
from benchmarks.stores.verify import held

SECTIONS = {
    "files": "Many small files",
    "large": "One large file",
    "unchanged": "A pipeline",
    "verify": "Verifying",
    "growth": "A table that grows",
}
_MIB = 1 << 20
_BOUND = 600  # seconds that a contender may take with everything that it prepares


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is worked on: small files, MiB of the large one, rows, tables, and how often."""

    small: int = 2_000
    large: int = 1_024
    rows: int = 2_000_000
    tables: int = 40
    rounds: int = 3

    @property
    def full(self) -> bool:
        """Whether budgets in seconds and bytes may be judged."""
        return self.small >= 2_000 and self.large >= 1_024


QUICK = Sizes(small=500, large=256, rows=200_000, tables=5, rounds=1)


def main(words: list[str] | None = None) -> int:
    options = _asked(words)
    base = QUICK if options.quick else Sizes()
    given = {name: getattr(options, name) for name in Sizes.__slots__}
    sizes = Sizes(**{name: given[name] or getattr(base, name) for name in Sizes.__slots__})
    command = made_by("benchmarks.stores", words or sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="assay-bench-", dir=options.home) as home:
        parts = [page.head(command, sizes.rounds, Path(home))]
        sound = True
        for section in options.section or SECTIONS:
            parts.append(f"## {SECTIONS[section]}")
            for text, holds in _section(section, Path(home), sizes):
                parts.append(text)
                sound &= holds
    text = "\n\n".join(parts) + "\n"
    if options.out is None:
        print(text, end="")
    else:
        options.out.write_text(text)
    return 0 if sound else 1


def _asked(words: list[str] | None) -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="python -m benchmarks.stores", description=__doc__)
    asked.add_argument("--section", choices=SECTIONS, action="append", help="may be repeated")
    asked.add_argument("--quick", action="store_true", help="small sizes, one round")
    for name, what in (
        ("small", "files of 64 KiB"),
        ("large", "MiB of the large file"),
        ("rows", "rows of the table that grows"),
        ("tables", "tables to see how growth varies"),
        ("rounds", "how often each contender is measured"),
    ):
        asked.add_argument(f"--{name}", type=_positive, help=what)
    asked.add_argument("--home", type=Path, help="where to work; else the temporary folder")
    asked.add_argument("--out", type=Path, help="write the page to this file")
    return asked.parse_args(words)


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def say(text: str) -> None:
    """Tell whoever waits."""
    print(text, file=sys.stderr, flush=True)


def _section(section: str, home: Path, sizes: Sizes) -> Iterator[tuple[str, bool]]:
    """The parts of a section, and of each whether its budget holds."""
    if section == "growth":
        yield from _growth(home, sizes)
        return
    say(f"{section}: making what is worked on")
    _MAKERS[section](home, sizes)
    for contest in CONTESTS:
        if contest.section == section:
            yield _contest(contest, home, sizes)
    if section == "files":
        yield _promises(home), True


def _make_files(home: Path, sizes: Sizes) -> None:
    make(home / "small", [SMALL] * sizes.small)
    make(home / "small-tiny", [SMALL] * 20)


def _make_large(home: Path, sizes: Sizes) -> None:
    make(home / "large", [sizes.large * _MIB])
    make(home / "large-tiny", [SMALL])


def _make_unchanged(home: Path, _sizes: Sizes) -> None:
    pipeline.make(home / "unchanged")


def _make_verify(home: Path, sizes: Sizes) -> None:
    eight = [sizes.large * _MIB // 8] * 8
    held.make(make(home / "verify", [SMALL] * sizes.small + eight))
    held.make(make(home / "verify-tiny", [SMALL] * 20))


_MAKERS: dict[str, Callable[[Path, Sizes], None]] = {
    "files": _make_files,
    "large": _make_large,
    "unchanged": _make_unchanged,
    "verify": _make_verify,
}


def _contest(contest: Contest, home: Path, sizes: Sizes) -> tuple[str, bool]:
    words = {"small": f"{sizes.small:,}", "large": f"{sizes.large:,}", "eighth": sizes.large // 8}
    title, about = contest.title.format(**words), contest.about.format(**words)
    say(f"{contest.section}: {title}")
    folder = home / contest.folder
    # What does nothing is its own warm-up.
    tiny = home / f"{contest.folder}-tiny" if contest.section != "unchanged" else folder
    options = ["--cold"] if contest.cold else []
    results = measure(contest.contenders, folder, tiny, sizes.rounds, options=options, bound=_BOUND)
    place = folder / "files"
    handled = sum(p.stat().st_size for p in place.iterdir()) if place.exists() else 0
    full = sizes.full or contest.section == "unchanged"
    text = page.table(contest.budget, title, about, results, size=handled, full=full)
    return text, not (full and page.judged(contest.budget, results) == "does not hold")


def _promises(home: Path) -> str:
    say("files: promises")
    tried: dict[str, dict[str, object] | str] = {}
    for contender, get in PROMISES:
        tried[contender.title()] = _tried(contender, get, home / "small-tiny")
    return page.promises(tried, 20)


def _tried(contender: Contender, get: str, folder: Path) -> dict[str, object] | str:
    try:
        words = [contender.python(), "-m", "benchmarks.stores.promises"]
        both = [f"benchmarks.{module}" for module in (contender.module, get)]
        found: dict[str, object] = json.loads(output([*words, *both, str(folder)]).splitlines()[-1])
    except Absent as error:
        return f"absent, could not be installed: {error}"
    except subprocess.SubprocessError as error:
        return f"failed: {error}"
    return found


def _growth(home: Path, sizes: Sizes) -> Iterator[tuple[str, bool]]:
    say("growth: making the rows")
    folder, tiny = home / "growth", home / "growth-tiny"
    growing.make(folder, sizes.rows)
    growing.make(tiny, 2_000)
    say("growth: versions")
    yield page.growth(measure(GROWTH, folder, tiny, 1, bound=_BOUND)), True
    say(f"growth: {sizes.tables} tables")
    found = spread(sizes.tables)
    yield page.spreads(found), page.slid(found)
    say("growth: profiles")
    yield page.profiled(measure(PROFILED, folder, tiny, sizes.rounds, bound=_BOUND)), True


if __name__ == "__main__":
    sys.exit(main())
