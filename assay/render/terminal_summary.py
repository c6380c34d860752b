"""A report on a terminal in a screen or two: what did not pass, and a line for each family that
did. What is left out is named, with the way to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from rich.console import Console
from rich.text import Text

from assay.gates.report import Check, Report, Sheet, Verdict
from assay.render.report_text import checks_not_passed, printable_text, verdict_label
from assay.render.terminal import checks_table, sheet_block, show_heading
from assay.util.wording import format_count

_ROWS: Final = 12  # of a table that is shown where there are no checks


def show_report_summary(report: Report, console: Console) -> None:
    """Print the verdict, the checks that did not pass, and one line a family of those that did; of
    a report without checks, its smaller tables.
    """
    show_heading(report, console)
    if found := checks_not_passed(report):
        console.print(checks_table(found, console.width))
    for line in _passed_families(report.checks_with(Verdict.PASS)):
        console.print(line)
    shown = [] if report.checks else [s for s in report.sheets if _is_small(s)]
    for sheet in shown:
        console.print(sheet_block(sheet, console.width))
    left = {"table": len(report.sheets) - len(shown), "figure": len(report.figures)}
    named = [format_count(number, thing) for thing, number in left.items() if number]
    if named:
        console.print(Text(f"\n{' and '.join(named)} more: --all, or --html FILE", style="dim"))


def _is_small(sheet: Sheet) -> bool:
    return not sheet.detail and len(sheet.rows) <= _ROWS


def _passed_families(checks: Sequence[Check]) -> list[Text]:
    """A line for the checks of one kind, such as all groups' selection rates."""
    ordered = sorted(checks, key=_check_family)
    lines = []
    for family, group in groupby(ordered, key=_check_family):
        held = list(group)
        told = held[0].claim if len(held) == 1 else f"{family}: {format_count(len(held), 'check')}"
        lines.append(
            Text(f" {verdict_label(Verdict.PASS)}  ", style="green") + Text(printable_text(told))
        )
    return lines


def _check_family(check: Check) -> str:
    """What a check is called without what it is about: selection_rate of selection_rate[sex=f]."""
    return check.name.partition("[")[0]
