"""A report on a terminal, in tables and colour; in a pipe, in plain lines that are never cut."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from typing import Final, NoReturn

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from assay.evidence.report import Check, Figure, Report, Sheet, Verdict
from assay.render.numbers import NONE, column, is_numeric, measured
from assay.render.strips import key, strips
from assay.render.words import as_sheet, printable, remarks, shown, signed, tally

_STYLES: Final = {
    Verdict.PASS: "green",
    Verdict.CAUTION: "yellow",
    Verdict.UNKNOWN: "magenta",
    Verdict.FAIL: "bold red",
}
_ROOMY = 90  # columns of a terminal that has room for numbers beside the claims
_NARROW = 60  # columns of a terminal that has no room for three side by side
_ROWS = 12  # of a sheet on a terminal; the page and a pipe have them all
_NUMBERS = 40  # of a figure in a pipe; the page and --json have them all
_CELL = 30  # columns that the text of a cell may take before it is wrapped


class _Console(Console):
    def on_broken_pipe(self) -> None:
        reader_gone()


def console() -> Console:
    """Standard output. A sign that its encoding lacks becomes "?", not an error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    return _Console(highlight=False)


def reader_gone() -> NoReturn:
    """End as Unix filters do when what reads their output has gone, as in `assay show X | head`:
    without a word, with the code of a program that SIGPIPE ended.
    """
    # What is still buffered must go somewhere when the interpreter closes standard output.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(128 + signal.SIGPIPE)


def show(report: Report, console: Console, *, brief: bool = False) -> None:
    """Print one gate's report; if `brief`, its findings alone."""
    if console.is_terminal:
        _terminal(report, console, brief=brief)
    else:
        _write(console, _plain(report, brief=brief))


def show_all(reports: Iterable[Report], console: Console, *, brief: bool = False) -> None:
    """Print the reports one after the other, a blank line between them."""
    for index, report in enumerate(reports):
        if index:
            console.print()
        show(report, console, brief=brief)


def verdicts(reports: Sequence[Report], console: Console) -> None:
    """Print one line a gate: its name, verdict and summary."""
    if not console.is_terminal:
        rows = [(printable(r.gate), signed(r.verdict), printable(r.summary)) for r in reports]
        _write(console, _aligned(rows))
        return
    if console.width < _NARROW:
        for report in reports:
            console.print(_text(f"{report.gate}  ") + _verdict(report.verdict))
            console.print(Padding(_text(report.summary), (0, 0, 0, 2)))
        return
    table = _table("gate", "verdict", "summary")
    for report in reports:
        table.add_row(_text(report.gate), _verdict(report.verdict), _text(report.summary))
    console.print(table)


# --- a terminal -----------------------------------------------------------------------------


def head(report: Report, console: Console) -> None:
    """Print a report's gate, verdict and summary."""
    gate = Text.assemble((printable(report.gate).capitalize(), "bold"), "  ")
    console.print(gate + _verdict(report.verdict) + _text(f"  {tally(report)}", "dim"))
    console.print(_text(report.summary))
    console.print(_text(report.subject, "dim"))


def _terminal(report: Report, console: Console, *, brief: bool) -> None:
    head(report, console)
    checks = shown(report, brief=brief)
    if checks:
        console.print(checks_table(checks, console.width))
    for sheet in () if brief else report.sheets:
        console.print(sheet_block(sheet, console.width))
    for figure in () if brief else report.figures:
        console.print(_figure(figure, console))
    for note in () if brief else report.notes:
        console.print(Padding(_text(f"Note: {note}"), (0, 0, 0, 2)))


def checks_table(checks: Sequence[Check], width: int) -> Table:
    """Checks with what was seen of each, and its remedy."""
    roomy = width >= _ROOMY
    table = _table("verdict", "claim", *(("estimate", "limit") if roomy else ()))
    table.columns[0].no_wrap = True
    for heading in table.columns[2:]:
        heading.justify, heading.no_wrap = "right", True
    for check in checks:
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


def sheet_block(sheet: Sheet, width: int) -> Group:
    """A table where its columns have room, else a few lines a row."""
    if sheet.detail:
        held = f"{sheet.title}: {len(sheet.rows):,} rows, shown by --html, --json and in a pipe"
        return Group(_text(held, "dim"))
    heads = [printable(heading) for heading in sheet.columns]
    columns = [[printable(cell) for cell in cells[:_ROWS]] for cells in _columns(sheet)]
    widths = [max(map(_room, [head, *cells])) for head, cells in zip(heads, columns, strict=True)]
    fits = sum(widths) + 3 * len(widths) + 1 <= width
    rows = list(zip(*columns, strict=True))
    body = [_grid(sheet, rows)] if fits else [_record(heads, row) for row in rows]
    left = len(sheet.rows) - _ROWS
    after = [_text(f"{left:,} more rows", "dim")] if left > 0 else []
    after += [_text(sheet.note, "dim")] if sheet.note else []
    return Group(_text(sheet.title, "bold"), *body, *after, Text())


def _room(cell: str) -> int:
    """Columns that a cell needs, so that no word is broken and few lines are."""
    longest = max(map(cell_len, cell.split()), default=0)
    return max(longest, min(cell_len(cell), _CELL))


def _grid(sheet: Sheet, rows: Sequence[Sequence[str]]) -> Table:
    table = _table(*sheet.columns)
    for at, heading in enumerate(table.columns):
        heading.justify = "right" if is_numeric(row[at] for row in sheet.rows) else "left"
    for row in rows:
        table.add_row(*map(_text, row))
    return table


def _record(heads: Sequence[str], row: Sequence[str]) -> Padding:
    """A row in running text: the first cell, then each heading with its cell."""
    said = [
        Text.assemble((head + " ", "dim"), cell)
        for head, cell in zip(heads[1:], row[1:], strict=True)
        if cell != NONE
    ]
    return Padding(Group(_text(row[0]), Padding(Text(", ").join(said), (0, 0, 0, 2))), (0, 0, 0, 1))


def _figure(figure: Figure, console: Console) -> Group:
    """The title and what the figure says; strips where it can be told by them."""
    said = [_text(figure.title, "bold"), _text(figure.alt, "dim")]
    widest = max((cell_len(p.label) for s in figure.series for p in s.points), default=0)
    room = min(40, console.width - min(widest, console.width // 3) - 28)
    drawn = strips(figure, room) if room >= 12 and _has_signs(console) else []
    if not drawn:
        return Group(*said, Text())
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1))
    for name in ("label", "series", "strip", "value"):
        if name != "series" or len(figure.series) > 1:
            table.add_column(overflow="fold", justify="right" if name == "value" else "left")
    for strip in drawn:
        series = [_text(strip.series, "dim")] if len(figure.series) > 1 else []
        table.add_row(
            _text(strip.label), *series, Text(strip.drawn, no_wrap=True), _text(strip.value)
        )
    meaning = key(figure)
    return Group(*said, table, *([_text(meaning, "dim")] if meaning else []), Text())


def _has_signs(console: Console) -> bool:
    return console.encoding.lower().startswith("utf")


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


def _plain(report: Report, *, brief: bool) -> list[str]:
    lines = [f"{report.gate}: {signed(report.verdict)} ({tally(report) or 'no checks'})"]
    lines += [report.summary, report.subject]
    for check in shown(report, brief=brief):
        lines += _plain_check(check)
    lines = [printable(line) for line in lines]
    if brief:
        return lines
    for sheet in report.sheets:
        lines += ["", *_plain_sheet(sheet)]
    for figure in report.figures:
        lines += ["", *_plain_figure(figure)]
    return lines + [printable(f"note: {note}") for note in report.notes]


def _plain_sheet(sheet: Sheet) -> list[str]:
    heads = [printable(heading) for heading in sheet.columns]
    rows = [heads, *([printable(c) for c in row] for row in zip(*_columns(sheet), strict=True))]
    lines = [printable(sheet.title), *(f"  {line}" for line in _aligned(rows))]
    return [*lines, printable(sheet.note)] if sheet.note else lines


def _plain_figure(figure: Figure) -> list[str]:
    """What the figure says, and its numbers unless they are many."""
    said = [printable(f"figure: {figure.title}. {figure.alt}")]
    sheet = as_sheet(figure)
    return said + (_plain_sheet(sheet)[1:] if len(sheet.rows) <= _NUMBERS else [])


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
