"""What the experiments came to, as a Markdown page."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import version

from benchmarks.calibration.experiment import LEVEL, Experiment, Found, Tally

Tallies = Mapping[str, Mapping[Experiment, Tally]]  # by gate

_NAMES = ("numpy", "pandas", "scipy", "statsmodels", "scikit-learn", "duckdb")
_NAMES += ("great-expectations", "fairlearn")
_MOST_RAISED = 3

_HOW = f"""\
This page counts how often each gate is wrong on simulated data whose truth is known. Every row is
one claim, counted over many seeds. The interval is Wilson's at {LEVEL:.0%}. A claim *does not hold*
if its interval lies wholly on the wrong side of the stated rate. It *holds* otherwise, if the
interval also excludes twice the stated rate of error, so that a gate half as good would have been
noticed. Between the two there are *too few seeds*. *Never* and *always* admit no exception.
*Shown* rows make no claim: they give the power where none is promised. Many rates of *at most 5 %*
lie far below 5 %: the gates' corrections bound the worst case, which simulated data seldom are.
"""


def page(tallies: Tallies, command: str) -> str:
    """The whole page. It follows from code, versions and seeds alone: no clock, no machine."""
    versions = ", ".join(f"{name} {version(name)}" for name in _NAMES)
    parts = [
        "# How often the gates are wrong",
        f"Written by `{command}`. Python {platform.python_version()}, {versions}.",
        _HOW,
        _summary(tallies),
    ]
    for gate, found in tallies.items():
        parts.append(f"## {gate.capitalize()}")
        parts += [_section(experiment, tally) for experiment, tally in found.items()]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _summary(tallies: Tallies) -> str:
    lines = ["| gate | experiments | claims | hold | do not hold | too few seeds |"]
    lines.append("|---|---|---|---|---|---|")
    for gate, found in tallies.items():
        claims = [f for experiment, tally in found.items() for f in tally.found(experiment)]
        verdicts = [f.verdict for f in claims if f.verdict != "shown"]
        numbers = [verdicts.count(word) for word in ("holds", "does not hold", "too few seeds")]
        cells = [gate, len(found), len(verdicts), *numbers]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def _section(experiment: Experiment, tally: Tally) -> str:
    rows = [_row(found) for found in tally.found(experiment)]
    head = ["| claim | stated | observed | interval | |", "|---|---|---|---|---|"]
    title = experiment.name[0].upper() + experiment.name[1:]
    parts = [f"### {title}", f"{experiment.done} {tally.seeds} seeds.", "\n".join(head + rows)]
    if tally.raised:
        told = "; ".join(tally.raised[:_MOST_RAISED])
        parts.append(f"**The gate raised in {len(tally.raised)} seeds**: {told}.")
    return "\n\n".join(parts)


def _row(found: Found) -> str:
    claim, interval = found.claim, found.interval
    seen, spread = "not seen", ""
    if found.rate is not None:
        seen = f"{_percent(found.rate)} % ({found.hits} of {found.tried})"
        spread = f"{_percent(interval.low)} to {_percent(interval.high)} %"
    verdict = found.verdict if found.verdict in {"holds", "shown"} else f"**{found.verdict}**"
    return f"| {claim.says} | {claim.stated} | {seen} | {spread} | {verdict} |"


def _percent(share: float | None) -> str:
    assert share is not None
    return f"{100 * share:.1f}".removesuffix(".0")
