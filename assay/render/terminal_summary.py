"""A short report for a terminal: the checks not passed, and a line for each family that passed.

It names what it leaves out, and how to see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

from rich.console import Console
from rich.text import Text

from assay.gates.report import Check, Report, Sheet, Verdict
from assay.render.report_text import checks_not_passed, verdict_label
from assay.render.terminal import checks_table, sheet_block, show_heading
from assay.util.printable_text import printable_text
from assay.util.wording import format_count

_ROWS: Final = 12  # the longest table that is shown if there are no checks


def show_report_summary(report: Report, console: Console) -> None:
    """Print the verdict, the checks not passed, and one line for each family of passed checks.

    A report without checks shows its smaller tables.
    """
    show_heading(report, console)
    if found := checks_not_passed(report):
        console.print(checks_table(found, console.width))
    for line in _passed_families(report.checks_with(Verdict.PASS)):
        console.print(line)
    shown = [] if report.checks else [s for s in report.sheets if _is_small(s)]
    for sheet in shown:
        console.print(sheet_block(sheet, console.width))
    hidden = {"table": len(report.sheets) - len(shown), "figure": len(report.figures)}
    named = [format_count(number, thing) for thing, number in hidden.items() if number]
    if named:
        console.print(Text(f"\n{' and '.join(named)} more: --all, or --html FILE", style="dim"))


def _is_small(sheet: Sheet) -> bool:
    return not sheet.detail and len(sheet.rows) <= _ROWS


def _passed_families(checks: Sequence[Check]) -> list[Text]:
    """One line for each family of checks, such as all groups' selection rates."""
    by_family = attrgetter("family")
    lines = []
    for family, group in groupby(sorted(checks, key=by_family), key=by_family):
        first, *others = group
        text = f"{family}: {format_count(len(others) + 1, 'check')}" if others else first.claim
        lines.append(
            Text(f" {verdict_label(Verdict.PASS)}  ", style="green") + Text(printable_text(text))
        )
    return lines
