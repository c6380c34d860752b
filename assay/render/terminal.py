"""A report on a terminal, with tables and colour, or in a pipe, as lines that are never cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from assay.gates.report import Check, Figure, Report, Sheet, Verdict
from assay.render.numbers import NO_VALUE, estimate_text, format_column, is_numeric
from assay.render.report_text import (
    check_remarks,
    checks_to_show,
    figure_sheet,
    verdict_counts,
    verdict_label,
)
from assay.render.terminal_text import (
    aligned_lines,
    empty_table,
    plain_text,
    print_lines,
    supports_unicode,
    verdict_text,
)
from assay.render.text_strips import strip_legend, text_strips
from assay.util.printable_text import printable_text

_WIDE_TERMINAL = 90  # columns of a terminal that has room for numbers beside the claims
_MOST_ROWS = 12  # of a sheet on a terminal; the page and a pipe have them all
_MOST_NUMBERS = 40  # of a figure in a pipe; the page and --json have them all
_WIDEST_CELL = 30  # columns that the text of a cell may take before it is wrapped


def show_report(report: Report, console: Console, *, brief: bool = False) -> None:
    """Print one gate's report; if `brief`, its findings alone."""
    if console.is_terminal:
        _show_on_terminal(report, console, brief=brief)
    else:
        print_lines(console, _plain_report(report, brief=brief))


def show_reports(reports: Iterable[Report], console: Console, *, brief: bool = False) -> None:
    """Print the reports one after the other, a blank line between them."""
    for index, report in enumerate(reports):
        if index:
            console.print()
        show_report(report, console, brief=brief)


# --- a terminal -----------------------------------------------------------------------------


def show_heading(report: Report, console: Console) -> None:
    """Print a report's gate, verdict and summary."""
    gate = Text.assemble((printable_text(report.gate).capitalize(), "bold"), "  ")
    console.print(
        gate + verdict_text(report.verdict) + plain_text(f"  {verdict_counts(report)}", "dim")
    )
    console.print(plain_text(report.summary))
    console.print(plain_text(report.subject, "dim"))


def _show_on_terminal(report: Report, console: Console, *, brief: bool) -> None:
    show_heading(report, console)
    checks = checks_to_show(report, brief=brief)
    if checks:
        console.print(checks_table(checks, console.width))
    for sheet in () if brief else report.sheets:
        console.print(sheet_block(sheet, console.width))
    for figure in () if brief else report.figures:
        console.print(_figure_block(figure, console))
    for note in () if brief else report.notes:
        console.print(Padding(plain_text(f"Note: {note}"), (0, 0, 0, 2)))


def checks_table(checks: Sequence[Check], width: int) -> Table:
    """Checks with what was seen of each, and its remedy."""
    roomy = width >= _WIDE_TERMINAL
    table = empty_table("verdict", "claim", *(("estimate", "limit") if roomy else ()))
    table.columns[0].no_wrap = True
    for heading in table.columns[2:]:
        heading.justify, heading.no_wrap = "right", True
    for check in checks:
        found = estimate_text(check)
        said = _claim_block(check, "" if roomy else _measurement_text(check))
        table.add_row(verdict_text(check.verdict), said, *(map(plain_text, found) if roomy else ()))
    return table


def _claim_block(check: Check, measurement: str) -> Group:
    """The headline, beneath it what it rests on, and the remedy if there is something to mend."""
    lines = [plain_text(check.headline)]
    seen = "; ".join(
        part for part in (measurement, check_remarks(check), check.explanation) if part
    )
    if seen:
        lines.append(plain_text(seen, "dim"))
    if check.remedy and check.verdict is not Verdict.PASS:
        lines.append(plain_text(f"→ {check.remedy}"))
    return Group(*lines)


def _measurement_text(check: Check) -> str:
    """The numbers in a line: "gap 0.09 [0.06, 0.12] against 0.05"."""
    estimate, limit = estimate_text(check)
    against = f" against {limit}" if limit else ""
    return f"{check.statistic or 'estimate'} {estimate}{against}" if estimate else ""


def sheet_block(sheet: Sheet, width: int) -> Group:
    """A table where its columns have room, else a few lines a row."""
    if sheet.detail:
        held = f"{sheet.title}: {len(sheet.rows):,} rows, shown by --html, --json and in a pipe"
        return Group(plain_text(held, "dim"))
    heads = [printable_text(heading) for heading in sheet.columns]
    columns = [
        [printable_text(cell) for cell in cells[:_MOST_ROWS]] for cells in _column_texts(sheet)
    ]
    widths = [
        max(map(_cell_width, [head, *cells])) for head, cells in zip(heads, columns, strict=True)
    ]
    fits = sum(widths) + 3 * len(widths) + 1 <= width
    rows = list(zip(*columns, strict=True))
    body = [_sheet_table(sheet, rows)] if fits else [_row_block(heads, row) for row in rows]
    left = len(sheet.rows) - _MOST_ROWS
    after = [plain_text(f"{left:,} more rows", "dim")] if left > 0 else []
    after += [plain_text(sheet.note, "dim")] if sheet.note else []
    return Group(plain_text(sheet.title, "bold"), *body, *after, Text())


def _cell_width(cell: str) -> int:
    """Columns that a cell needs, so that no word is broken and few lines are."""
    longest = max(map(cell_len, cell.split()), default=0)
    return max(longest, min(cell_len(cell), _WIDEST_CELL))


def _sheet_table(sheet: Sheet, rows: Sequence[Sequence[str]]) -> Table:
    table = empty_table(*sheet.columns)
    for at, heading in enumerate(table.columns):
        heading.justify = "right" if is_numeric(row[at] for row in sheet.rows) else "left"
    for row in rows:
        table.add_row(*map(plain_text, row))
    return table


def _row_block(heads: Sequence[str], row: Sequence[str]) -> Padding:
    """A row in running text: the first cell, then each heading with its cell."""
    said = [
        Text.assemble((head + " ", "dim"), cell)
        for head, cell in zip(heads[1:], row[1:], strict=True)
        if cell != NO_VALUE
    ]
    return Padding(
        Group(plain_text(row[0]), Padding(Text(", ").join(said), (0, 0, 0, 2))), (0, 0, 0, 1)
    )


def _figure_block(figure: Figure, console: Console) -> Group:
    """The title and what the figure says; strips where it can be told by them."""
    said = [plain_text(figure.title, "bold"), plain_text(figure.alt, "dim")]
    widest = max((cell_len(p.label) for s in figure.series for p in s.points), default=0)
    room = min(40, console.width - min(widest, console.width // 3) - 28)
    drawn = text_strips(figure, room) if room >= 12 and supports_unicode(console) else []
    if not drawn:
        return Group(*said, Text())
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 1))
    for name in ("label", "series", "strip", "value"):
        if name != "series" or len(figure.series) > 1:
            table.add_column(overflow="fold", justify="right" if name == "value" else "left")
    for strip in drawn:
        series = [plain_text(strip.series, "dim")] if len(figure.series) > 1 else []
        table.add_row(
            plain_text(strip.label),
            *series,
            Text(strip.characters, no_wrap=True),
            plain_text(strip.value),
        )
    meaning = strip_legend(figure)
    return Group(*said, table, *([plain_text(meaning, "dim")] if meaning else []), Text())


# --- a pipe ---------------------------------------------------------------------------------


def _plain_report(report: Report, *, brief: bool) -> list[str]:
    lines = [
        f"{report.gate}: {verdict_label(report.verdict)} ({verdict_counts(report) or 'no checks'})"
    ]
    lines += [report.summary, report.subject]
    for check in checks_to_show(report, brief=brief):
        lines += _plain_check(check)
    lines = [printable_text(line) for line in lines]
    if brief:
        return lines
    for sheet in report.sheets:
        lines += ["", *_plain_sheet(sheet)]
    for figure in report.figures:
        lines += ["", *_plain_figure(figure)]
    return lines + [printable_text(f"note: {note}") for note in report.notes]


def _plain_sheet(sheet: Sheet) -> list[str]:
    heads = [printable_text(heading) for heading in sheet.columns]
    rows = [
        heads,
        *([printable_text(c) for c in row] for row in zip(*_column_texts(sheet), strict=True)),
    ]
    lines = [printable_text(sheet.title), *(f"  {line}" for line in aligned_lines(rows))]
    return [*lines, printable_text(sheet.note)] if sheet.note else lines


def _plain_figure(figure: Figure) -> list[str]:
    """What the figure says, and its numbers unless they are many."""
    said = [printable_text(f"figure: {figure.title}. {figure.alt}")]
    sheet = figure_sheet(figure)
    return said + (_plain_sheet(sheet)[1:] if len(sheet.rows) <= _MOST_NUMBERS else [])


def _plain_check(check: Check) -> list[str]:
    parts = [
        part
        for part in (
            check.headline.removesuffix("."),
            _measurement_text(check),
            check_remarks(check),
            check.explanation,
        )
        if part
    ]
    lines = [f"  {verdict_label(check.verdict):<9}  {'; '.join(parts)}"]
    if check.remedy and check.verdict is not Verdict.PASS:
        lines.append(f"             remedy: {check.remedy}")
    return lines


def _column_texts(sheet: Sheet) -> list[list[str]]:
    return [format_column(cells) for cells in zip(*sheet.rows, strict=True)] or [
        [] for _ in sheet.columns
    ]
