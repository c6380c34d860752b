"""What came out, as a Markdown page."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from benchmarks.contest import Contender, Measured
from benchmarks.stores.contests import Budget
from benchmarks.stores.growth.rows import CHANGES
from benchmarks.stores.growth.spread import COLUMNS, ROWS, Spread

SLIDE = 0.04  # the most of a 10M-row table that may be new when its window slides by 1 %

Results = Mapping[Contender, Measured]


def head(command: str, rounds: int, place: Path) -> str:
    """What was measured where."""
    names = ("pyarrow", "pandas", "numpy")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return f"""\
# Store benchmarks: time, memory and disk space

Written by `{command}`: {os.cpu_count()} processors ({_processor()}), {_file_system(place)}, \
{platform.system()} {platform.release()}, Python {platform.python_version()}, {versions}.

All figures come from this one run. Contenders take turns, each in its own process; every other \
round reverses the order. Figures are medians of {rounds} rounds. *CPU s* counts all threads and \
child processes. *Memory* is the peak above what the process held when the work began, without \
child processes. *Warm* means that the input is in the page cache, *cold* that it is evicted."""


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _file_system(place: Path) -> str:
    words = ["stat", "-f", "-c", "%T", str(place)]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def table(
    budget: Budget | None, title: str, about: str, results: Results, *, size: int, full: bool
) -> str:
    """One contest; `size` is the bytes that each contender handled, 0 where that says nothing;
    unless `full`, what is worked on is too little for the budget."""
    own = next(iter(results.values()))
    speed = " MB/s |" if size else ""
    lines = [f"| | wall s | CPU s | memory, MB |{speed} wall, of Assay's |"]
    lines.append("|---" * (lines[0].count("|") - 1) + "|")
    for contender, one in results.items():
        lines.append(f"| {contender.title()} | {_cells(one, own, size)} |")
    return f"### {title}\n\n{about}\n\n" + "\n".join(lines) + _verdict(budget, results, full)


def _cells(one: Measured, own: Measured, size: int) -> str:
    if one.why_not:
        return one.why_not + " |" * (4 if size else 3)
    wall = one.median("wall")
    cells = [f"{wall:.2f}", f"{one.median('cpu'):.2f}", f"{one.median('beyond') / 1e6:.0f}"]
    cells += [f"{size / wall / 1e6:,.0f}"] if size else []
    return " | ".join([*cells, f"{wall / own.median('wall'):.2f}" if own.wall else ""])


def _verdict(budget: Budget | None, results: Results, full: bool) -> str:
    if budget is None:
        return ""
    verdict = judged(budget, results) if full else "not judged at this size"
    return f"\n\nBudget: {_words(budget, results)}: **{verdict}**."


def _words(budget: Budget, results: Results) -> str:
    by = {contender.module: contender.title() for contender in results}
    said = [
        f"at most {budget.times:g} of {by[budget.of]}" if budget.times else "",
        f"at most {budget.seconds:g} s" if budget.seconds else "",
        f"at most {budget.memory / 1e6:,.0f} MB" if budget.memory else "",
    ]
    return f"{by.get(budget.own, 'Assay')} takes {', '.join(filter(None, said))}"


def judged(budget: Budget | None, results: Results) -> str:
    """`holds`, `does not hold`, or why that cannot be told."""
    if budget is None:
        return "no budget"
    by = {contender.module: measured for contender, measured in results.items()}
    own = by[budget.own] if budget.own else next(iter(results.values()))
    other = by.get(budget.of, own)
    for one in (own, other):
        if one.why_not:
            return f"not measured: {one.why_not}"
    limits = (
        (budget.times and budget.times * other.median("wall"), own.median("wall")),
        (budget.seconds, own.median("wall")),
        (budget.memory, own.median("beyond")),
    )
    sound = all(most is None or taken <= most for most, taken in limits)
    return "holds" if sound else "does not hold"


def promises(found: Mapping[str, Mapping[str, object] | str], files: int) -> str:
    """What each store promises, as tried."""
    lines = [f"| | syncs requested for {files} files | one byte altered on the disk, then read |"]
    lines.append("|---|---|---|")
    for title, one in found.items():
        cells = f"{one} |" if isinstance(one, str) else f"{one['synced']} | {one['altered']}"
        lines.append(f"| {title} | {cells} |")
    about = (
        "The first column counts calls of `os.fsync` and `os.fdatasync` while files are stored."
        " For the second, one byte of one stored file is altered, its times and mode are kept, and"
        " everything is read."
    )
    return f"### What each promises\n\n{about}\n\n" + "\n".join(lines)


def growth(results: Results) -> str:
    """New bytes after each change, one column for each contender."""
    titles = [contender.title() for contender in results]
    held = [json.loads(one.found) if one.found else None for one in results.values()]
    rows = next((one["rows"] for one in held if one), 0)
    lines = ["| new bytes, of the table's | " + " | ".join(titles) + " |"]
    lines.append("|---" * (len(titles) + 1) + "|")
    for change, what in CHANGES.items():
        cells = [_share(one, change) for one in held]
        lines.append(f"| {change}{f' ({what})' * bool(what)} | {' | '.join(cells)} |")
    lines.append("| first version, MB | " + _row(held, lambda o: f"{o['bytes'] / 1e6:.1f}") + " |")
    lines.append(
        "| pieces of the first version, including the list of parts | "
        + _row(held, lambda o: f"{o['pieces']:,}")
        + " |"
    )
    taken = _row(held, lambda o: f"{sum(c['s'] for c in o['changes'].values()):.1f}")
    lines.append(f"| seconds for the five changed versions | {taken} |")
    beyond = [
        f"{m.median('beyond') / 1e6:.0f}" if m.beyond else m.why_not for m in results.values()
    ]
    lines.append("| memory, MB | " + " | ".join(beyond) + " |")
    about = (
        f"A table of {rows:,} rows and {COLUMNS} columns is stored. Then each changed version is"
        " stored next to the first version only. Parts hold whole rows, so corrections anywhere"
        " change nearly every part, and a new column changes every part: both cost as much as the"
        " whole table."
    )
    return f"### New bytes\n\n{about}\n\n" + "\n".join(lines)


def _share(held: dict | None, change: str) -> str:
    if held is None:
        return ""
    one = held["changes"][change]
    return f"{_percent(one['bytes'] / held['bytes'])} ({one['new']} of {one['all']})"


def _row(held: list, say: object) -> str:
    return " | ".join(say(one) if one else "" for one in held)


def spreads(found: Mapping[str, Spread]) -> str:
    """How the share of rows in new parts varies from table to table."""
    tables = next(iter(found.values())).tables
    lines = ["| | mean | worst |", "|---|---|---|"]
    for change, one in found.items():
        lines.append(f"| {change} | {_percent(one.mean)} | {_percent(one.worst)} |")
    about = (
        "Part boundaries depend on chance, so this table repeats the changes on"
        f" {tables} tables of {ROWS:,} rows and {COLUMNS} columns. It gives the share of all rows"
        " that are in new parts. Random hashes stand for the rows."
    )
    verdict = "holds" if slid(found) else "does not hold"
    budget = (
        f"Budget: sliding by 1 % makes at most {SLIDE:.0%} new in the worst table: **{verdict}**."
    )
    return f"### From table to table\n\n{about}\n\n" + "\n".join(lines) + f"\n\n{budget}"


def slid(found: Mapping[str, Spread]) -> bool:
    """Whether the budget for sliding windows holds in the worst table."""
    return found["slid by 1 %"].worst <= SLIDE


def profiled(results: Results) -> str:
    """What a profile costs when that of the table before is known, and when nothing is."""
    lines = ["| | wall s | CPU s | memory, MB | |", "|---|---|---|---|---|"]
    for contender, one in results.items():
        cells = f"{one.why_not} | | |" if one.why_not else _taken(one)
        lines.append(f"| {contender.title()} | {cells} |")
    about = (
        "The table with 1 % more rows is profiled and sampled. Profiles of known parts are reused."
        " The sample is drawn again from all rows, so every part is read."
    )
    return f"### Profiles\n\n{about}\n\n" + "\n".join(lines)


def _taken(one: Measured) -> str:
    memory = f"{one.median('beyond') / 1e6:.0f}"
    return f"{one.median('wall'):.2f} | {one.median('cpu'):.2f} | {memory} | {one.found}"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"
