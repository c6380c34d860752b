"""The two tables of the page, and what memory Assay took in each."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from math import inf
from pathlib import Path

from benchmarks.contest import Contender, Measured, measure
from benchmarks.living.monitor import rows as answered
from benchmarks.living.score import rows as asked

SCORE = (
    Contender("Assay", "living.score.assay"),
    Contender("the bare loop, scikit-learn {}", "living.score.bare", "scikit-learn"),
)
LOOK = (Contender("a look by Assay", "living.monitor.assay"),)
EXPECTED = (
    Contender("CBPE by Assay", "living.monitor.cbpe"),
    Contender("CBPE by NannyML {}", "living.monitor.nannyml_cbpe", "nannyml", rival="nannyml"),
)
_BOUND = 1800  # seconds

Say = Callable[[str], None]
Peaks = dict[int, float]
"""Bytes of memory by number of rows; infinite where it did not end."""


def scored(sizes: Mapping[str, int], rounds: int, say: Say) -> tuple[str, Peaks]:
    """Scoring beside a loop that reads, predicts and writes."""
    lines, peaks = [], Peaks()
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as home:
        say("training the model")
        learnt, tiny = Path(home) / "model", Path(home) / "tiny"
        asked.model(learnt)
        asked.make(tiny, learnt, asked.TINY)
        for size, count in sizes.items():
            say(f"score, {size} rows")
            asked.make(Path(home) / size, learnt, count)
            found = measure(SCORE, Path(home) / size, tiny, rounds, bound=_BOUND)
            lines += _lines(size, count, found, SCORE[0])
            peaks[count] = _peak(found[SCORE[0]])
    about = (
        "HistGradientBoosting on sixteen columns; predictions go to the bucket, synced and hashed."
    )
    return _table("Score", about, lines), peaks


def monitored(sizes: Mapping[str, int], rounds: int, say: Say, *, alone: bool) -> tuple[str, Peaks]:
    """A look at answered rows with their labels; and expected performance beside NannyML's."""
    lines, peaks = [], Peaks()
    with tempfile.TemporaryDirectory(prefix="assay-bench-") as home:
        answered.make(Path(home) / "tiny", answered.TINY)
        for size, count in sizes.items():
            say(f"monitor, {size} rows")
            answered.make(Path(home) / size, count)
            for contest in (LOOK,) if alone else (LOOK, EXPECTED):
                found = measure(
                    contest, Path(home) / size, Path(home) / "tiny", rounds, bound=_BOUND
                )
                lines += _lines(size, count, found, contest[0])
                peaks[count] = max(peaks.get(count, 0.0), _peak(found[contest[0]]))
    about = (
        "A look judges new batches with late labels: quality, drift, expected and realised "
        "performance, and fairness by group. The CBPE rows compute only the expected performance."
    )
    return _table("Monitor", about, lines), peaks


def _table(title: str, about: str, lines: list[str]) -> str:
    names = "rows|  |CPU s|wall s|rows a second|memory beyond, MB|in all, MB|wall, of Assay's|found"
    heads = f"| {' | '.join(name.strip() for name in names.split('|'))} |"
    rule = "|---" * (names.count("|") + 1) + "|"
    return "\n".join([f"## {title}\n\n{about}\n", heads, rule, *lines])


def _lines(
    size: str, count: int, found: Mapping[Contender, Measured], own: Contender
) -> Iterator[str]:
    for contender, one in found.items():
        if one.why_not:
            yield f"| {size} | {contender.title()} | {one.why_not} |" + " |" * 6
            continue
        wall, mine = one.median("wall"), found[own]
        cells = [
            f"{one.median('cpu'):.2f}",
            f"{wall:.2f}",
            f"{count / wall:,.0f}",
            f"{one.median('beyond') / 1e6:.0f}",
            f"{one.median('peak') / 1e6:.0f}",
            f"{wall / mine.median('wall'):.2f}" if mine.wall else "",
            one.found,
        ]
        yield f"| {size} | {contender.title()} | {' | '.join(cells)} |"


def _peak(own: Measured) -> float:
    return inf if own.why_not else own.median("peak")
