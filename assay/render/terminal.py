"""A report on a terminal, in tables and colour; in a pipe, in plain lines that are never cut."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Sequence
from typing import Final

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from assay.evidence.report import Check, Report, Sheet, Verdict
from assay.render.numbers import column, is_numeric, measured
from assay.render.words import printable, remarks, signed, tally, worst_first

_STYLES: Final = {
    Verdict.PASS: "green",
    Verdict.CAUTION: "yellow",
    Verdict.UNKNOWN: "magenta",
    Verdict.FAIL: "bold red",
}
_ROOMY = 90  # columns of a terminal that has room for numbers beside the claims
_ROWS = 20  # of a sheet on a terminal; the page and a pipe have them all


def console() -> Console:
    """Standard output. A sign that its encoding lacks becomes "?", not an error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    return Console(highlight=False)


def show(report: Report, console: Console) -> None:
    """Print one gate's report."""
    if console.is_terminal:
        _terminal(report, console)
    else:
        _write(console, _plain(report))


def show_all(reports: Iterable[Report], console: Console) -> None:
    """Print the reports one after the other, a blank line between them."""
    for index, report in enumerate(reports):
        if index:
            console.print()
        show(report, console)


def verdicts(reports: Sequence[Report], console: Console) -> None:
    """Print one line a gate: its name, verdict and summary."""
    if not console.is_terminal:
        rows = [(printable(r.gate), signed(r.verdict), printable(r.summary)) for r in reports]
        _write(console, _aligned(rows))
        return
    table = _table("gate", "verdict", "summary")
    for report in reports:
        table.add_row(_text(report.gate), _verdict(report.verdict), _text(report.summary))
    console.print(table)


# --- a terminal -----------------------------------------------------------------------------


def _terminal(report: Report, console: Console) -> None:
    head = Text.assemble((printable(report.gate).capitalize(), "bold"), "  ")
    console.print(head + _verdict(report.verdict) + _text(f"  {tally(report)}", "dim"))
    console.print(_text(report.summary))
    console.print(_text(report.subject, "dim"))
    if report.checks:
        console.print(_checks(report, console.width))
    for sheet in report.sheets:
        console.print(_sheet(sheet))
    for figure in report.figures:
        console.print(_text(f"Figure: {figure.title}. {figure.alt}", "dim"))
    for note in report.notes:
        console.print(Padding(_text(f"Note: {note}"), (0, 0, 0, 2)))


def _checks(report: Report, width: int) -> Table:
    roomy = width >= _ROOMY
    table = _table("verdict", "claim", *(("estimate", "limit") if roomy else ()))
    table.columns[0].no_wrap = True
    for heading in table.columns[2:]:
        heading.justify, heading.no_wrap = "right", True
    for check in worst_first(report):
        found = measured(check)
        said = _claim(check, "" if roomy else _found(check))
        table.add_row(_verdict(check.verdict), said, *(map(_text, found) if roomy else ()))
    return table


def _claim(check: Check, found: str) -> Group:
    """The claim, beneath it what was seen, and the remedy where there is something to mend."""
    lines = [_text(check.claim)]
    seen = "; ".join(part for part in (found, remarks(check), check.why) if part)
    if seen:
        lines.append(_text(seen, "dim"))
    if check.remedy and check.verdict is not Verdict.PASS:
        lines.append(_text(f"→ {check.remedy}"))
    return Group(*lines)


def _found(check: Check) -> str:
    """The numbers in a line: "gap 0.09 [0.06, 0.12] against 0.05"."""
    estimate, limit = measured(check)
    against = f" against {limit}" if limit else ""
    return f"{check.statistic or 'estimate'} {estimate}{against}" if estimate else ""


def _sheet(sheet: Sheet) -> Group:
    table = _table(*sheet.columns)
    table.title, table.title_justify = _text(sheet.title, "bold"), "left"
    columns = _columns(sheet)
    for at, (heading, cells) in enumerate(zip(table.columns, columns, strict=True)):
        heading.justify = "right" if is_numeric(row[at] for row in sheet.rows) else "left"
        columns[at] = cells[:_ROWS]
    for row in zip(*columns, strict=True):
        table.add_row(*map(_text, row))
    left = len(sheet.rows) - _ROWS
    after = [_text(f"{left:,} more rows", "dim")] if left > 0 else []
    after += [_text(sheet.note, "dim")] if sheet.note else []
    return Group(table, *after)


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False, header_style="dim")
    for heading in headings:
        # Folded, never cut: a column name with an ellipsis is another column's name.
        table.add_column(_text(heading), overflow="fold")
    return table


def _text(said: str, style: str = "") -> Text:
    """Text as it stands: brackets in a column name are no markup."""
    return Text(printable(said), style=style)


def _verdict(verdict: Verdict) -> Text:
    return Text(signed(verdict), style=_STYLES[verdict])


# --- a pipe ---------------------------------------------------------------------------------


def _write(console: Console, lines: Iterable[str]) -> None:
    """Lines as they are, however wide: what reads a pipe has no 80 columns."""
    for line in lines:
        console.print(Text(line), soft_wrap=True)


def _plain(report: Report) -> list[str]:
    lines = [f"{report.gate}: {signed(report.verdict)} ({tally(report) or 'no checks'})"]
    lines += [report.summary, report.subject]
    for check in worst_first(report):
        lines += _plain_check(check)
    lines = [printable(line) for line in lines]
    for sheet in report.sheets:
        heads = [printable(heading) for heading in sheet.columns]
        rows = [heads, *([printable(c) for c in row] for row in zip(*_columns(sheet), strict=True))]
        lines += ["", printable(sheet.title), *(f"  {line}" for line in _aligned(rows))]
        lines += [printable(sheet.note)] if sheet.note else []
    said = [f"figure: {figure.title}. {figure.alt}" for figure in report.figures]
    said += [f"note: {note}" for note in report.notes]
    return lines + [printable(line) for line in said]


def _plain_check(check: Check) -> list[str]:
    parts = [part for part in (check.claim, _found(check), remarks(check), check.why) if part]
    lines = [f"  {signed(check.verdict):<9}  {'; '.join(parts)}"]
    if check.remedy and check.verdict is not Verdict.PASS:
        lines.append(f"             remedy: {check.remedy}")
    return lines


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns padded with spaces; no frame, and no space at the end of a line."""
    widths = [max(map(cell_len, cells)) for cells in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _columns(sheet: Sheet) -> list[list[str]]:
    return [column(cells) for cells in zip(*sheet.rows, strict=True)] or [[] for _ in sheet.columns]
