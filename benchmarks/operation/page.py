"""What came out, as Markdown."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version

from benchmarks.operation.measures import Load, Overhead
from benchmarks.operation.place import Timed

BUDGET = 3.0  # seconds that a cold run may take beyond the stages' own work, server running


OVERHEAD = "A run beyond its stages' own work"
ALONE = "From a schedule's due moment to the first step"
LOAD = "Many use cases at once"
_HEAD = """\
# Operation benchmarks: overhead, punctuality and memory

Server, worker, database and runs share one machine; the bucket is a folder. Each section names \
the command and the versions that it was measured with."""


def whole(sections: Mapping[str, str]) -> str:
    """The page of these sections, by title, in reading order."""
    texts = [f"## {title}\n\n{sections[title]}" for title in (OVERHEAD, ALONE, LOAD)
             if title in sections]  # fmt: skip
    return "\n\n".join([_HEAD, *texts]) + "\n"


def sections(text: str) -> dict[str, str]:
    """Those of a page, by title."""
    found = (part.partition("\n") for part in text.split("\n## ")[1:])
    return {title: body.strip() for title, _, body in found}


def by(command: str, postgres: str) -> str:
    """What a section was measured by."""
    names = ("prefect", "pandas", "scikit-learn", "asyncpg")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return (
        f"Measured by `{command}`: {os.cpu_count()} processors, {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}, {versions}, {postgres}."
    )


def overheads(found: dict[str, list[Overhead]]) -> tuple[str, bool]:
    """The table, and whether the budget holds."""
    rows, holds = [], True
    said = {
        "`assay run`, the whole process": lambda one: one.command,
        "- of which importing scikit-learn, as any script must": lambda one: one.library,
        "a deployment's flow, from its state Running to its end": lambda one: one.flow,
        "a deployment's run, from its request to its end": lambda one: one.whole,
    }
    for what, seconds in said.items():
        cells = [_median(map(seconds, found[database])) for database in found]
        rows.append(f"| {what} | {' | '.join(f'{cell:.1f}' for cell in cells)} |")
    for runs in found.values():
        holds &= _median(one.command for one in runs) <= BUDGET
    rounds = len(next(iter(found.values())))
    names = " | ".join(found)
    text = [
        f"Seconds, medians of {rounds} cold runs of one use case, server and worker running.",
        "\n".join([f"| | {names} |", "|---" * (len(found) + 1) + "|", *rows]),
        f"Budget: `assay run` at most {BUDGET:g} s: **{'holds' if holds else 'does not hold'}**.",
    ]
    return "\n\n".join(text), holds


_ALONE = """\
Seconds after the due moment, median (maximum). A score is due every minute, and nothing else \
runs. The time until a run begins covers the worker's poll, the start of a process, and the import \
of Prefect and the flow.
"""

_LOADED = """\
{runs} scheduled runs of {cases} use cases in {minutes} minutes, with {database}, two runs at a \
time. Half of the runs train, with nothing changed; the other half score a new batch. Seconds \
after the due moment, median (maximum):
"""


def punctual(found: dict[str, list[Timed]]) -> str:
    """From the due moment on, with nothing else to do."""
    lines = ["| database | runs | begun | first step | ended |", "|---|---|---|---|---|"]
    for database, runs in found.items():
        lines.append(f"| {database} | {len(runs)} | {_cells(runs)} |")
    return "\n".join([_ALONE, *lines])


def loaded(found: Load, database: str, cases: int, minutes: int, late: float) -> str:
    """How punctual the runs of many use cases were, and what was held meanwhile."""
    runs, about = found.runs, {"cases": cases, "minutes": minutes, "database": database}
    lines = ["| flow | runs | begun | first step | ended |", "|---|---|---|---|---|"]
    for flow in sorted({run.flow for run in runs}):
        those = [run for run in runs if run.flow == flow]
        lines.append(f"| {flow} | {len(those)} | {_cells(those)} |")
    counts = {f"began over {n} s late": sum(r.began > n for r in runs) for n in (15, 60, 300)}
    counts[f"called late (over {late:g} s)"] = sum(run.late for run in runs)
    counts |= {"failed": sum(not run.good for run in runs), "not ended": found.unfinished}
    lines += ["", "| runs that | |", "|---|---|"]
    lines += [f"| {what} | {count} |" for what, count in counts.items()]
    for q in (0.5, 0.9, 0.99) if runs else ():
        lines.append(f"| {q:.0%} began within | {_quantile(runs, q):.0f} s |")
    return "\n".join([_LOADED.format(runs=len(runs), **about), *lines, "", memory(found)])


def memory(found: Load) -> str:
    lines = ["| minute | server, MB | worker, MB | processes of flows, MB |", "|---|---|---|---|"]
    tenth = max(1, len(found.held) // 6)
    for seconds, held in [*found.held[::tenth], found.held[-1]]:
        cells = " | ".join(f"{held[name]:.0f}" for name in ("server", "worker", "flows"))
        lines.append(f"| {seconds / 60:.0f} | {cells} |")
    most = {name: max(held[name] for _, held in found.held) for name in found.held[0][1]}
    cells = " | ".join(f"{most[name]:.0f}" for name in ("server", "worker", "flows"))
    return "\n".join(["Resident memory:\n", *lines, f"| maximum | {cells} |"])


def _cells(runs: Sequence[Timed]) -> str:
    parts: list[Callable[[Timed], float]] = [
        lambda run: run.began,
        lambda run: run.first,
        lambda run: run.ended,
    ]
    shown = []
    for part in parts:
        seconds = [part(run) for run in runs]
        shown.append(f"{_median(seconds):.1f} ({max(seconds):.1f})" if seconds else "")
    return " | ".join(shown)


def _median(seconds) -> float:
    return float(statistics.median(seconds))


def _quantile(runs: Sequence[Timed], q: float) -> float:
    ordered = sorted(run.began for run in runs)
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]
