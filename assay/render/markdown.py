"""A report as GitHub-flavoured Markdown, for Prefect artifacts: bounded in size, safe to render."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import wrap

from assay.gates.report import Check, Figure, Report, Sheet, Verdict
from assay.render.numbers import estimate_text, format_column, is_numeric
from assay.render.report_text import (
    check_remarks,
    checks_not_passed,
    figure_sheet,
    verdict_counts,
    verdict_label,
)
from assay.util.printable_text import printable_text

MARKDOWN_LIMIT = (
    500_000  # bytes; Prefect keeps artifacts in its database and sends them whole to a browser
)
_ROW_LIMITS = (500, 100, 20, 0)  # rows of a table to try, until the text is within the limit
_LONGEST_CELL = 600  # characters of one cell
_TABLE_WIDTH = 96  # characters of a row that the dashboard shows beside its menu at 1280 pixels
_SHORT_CELL = 20  # characters of a cell that is not broken
_MOST_NUMBERS = 12  # numbers that stand beneath their picture

# Between letters an underscore is harmless, and `true_positive_rate` stays readable unrendered.
_INLINE_SYNTAX = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")
_HTML_ENTITY = re.compile(r"&(?=#?\w+;)")  # one that would be read as another sign
_BLOCK_SYNTAX = re.compile(r"^(\d*)([#+=.)-])(?=[\s#=-]|$)")  # would begin a heading or a list


def render_markdown(report: Report, pictures: Mapping[str, str] | None = None) -> str:
    """The report as Markdown of at most `MARKDOWN_LIMIT` bytes of UTF-8.

    Long tables end with "n more rows": every table keeps a few rows, rather than the first all.
    `pictures` gives the URL of a figure's picture by title.
    """
    for rows in _ROW_LIMITS:
        written = "\n\n".join(_report_blocks(report, rows, pictures or {})) + "\n"
        if len(written.encode()) <= MARKDOWN_LIMIT:
            return written
    end = "\n\n*Cut here: the report is longer than an artifact may be.*\n"
    whole = written.encode()[: MARKDOWN_LIMIT - len(end.encode())].decode(errors="ignore")
    return whole.rpartition("\n")[0] + end


def _report_blocks(report: Report, rows: int, pictures: Mapping[str, str]) -> Iterator[str]:
    yield f"# {escape_markdown(report.gate).capitalize()}: {verdict_label(report.verdict)}"
    yield f"**{escape_markdown(report.summary)}**" if report.summary.strip() else "No summary"
    yield f"Judged: {escape_markdown(report.subject)}. Checks: {verdict_counts(report) or 'none'}."
    if poor := checks_not_passed(report):
        yield "## Needs attention"
        yield "\n".join([*map(_finding_item, poor[:rows]), *_rows_left_note(len(poor) - rows)])
    if good := report.checks_with(Verdict.PASS):
        yield f"## Passed: {len(good):,}"
        yield _passed_table(good, rows)
    for figure in report.figures:
        yield from _figure_blocks(figure, rows, pictures.get(figure.title))
    for sheet in report.sheets:
        yield from sheet_blocks(sheet, rows, broken=True)
    if report.notes:
        yield "## What limits this report"
        yield "\n".join(f"- {escape_markdown(note)}" for note in report.notes)


def _finding_item(check: Check) -> str:
    """A check as a list item.

    In a table of Prefect's, which does not wrap, its reason and remedy would be cut off.
    """
    estimate, limit = estimate_text(check)
    found = f"{check.statistic or 'estimate'} {estimate}" if estimate else ""
    found += f" against {limit}" if limit else ""
    parts = [
        escape_markdown(part)
        for part in (found.strip(), check.explanation, check_remarks(check))
        if part
    ]
    if check.remedy:
        parts.append(f"**Remedy:** {escape_markdown(check.remedy)}")
    return "<br>".join(
        [f"- **{verdict_label(check.verdict)}** {escape_markdown(check.headline)}", *parts]
    )


def _passed_table(checks: Sequence[Check], rows: int) -> str:
    head = ("estimate", "limit", "claim", "what was seen")
    cells = []
    for check in checks[:rows]:
        seen = "; ".join(part for part in (check.why, check_remarks(check)) if part)
        cells.append((*estimate_text(check), check.claim, seen))
    lines = markdown_table(head, cells, ("--:", "--:", "---", "---"))
    return "\n".join(lines + _rows_left_note(len(checks) - rows))


def sheet_blocks(sheet: Sheet, rows: int, level: int = 2, *, broken: bool = False) -> Iterator[str]:
    """A sheet's heading of this level, its first rows, how many are left, and its note.

    `broken`: with long cells broken at words, as the dashboard needs them.
    """
    yield f"{'#' * level} {escape_markdown(sheet.title)}"
    if not sheet.columns:
        return
    columns = list(zip(*sheet.rows[:rows], strict=True)) or [()] * len(sheet.columns)
    rule = ["--:" if is_numeric(cells) else "---" for cells in columns]
    cells = list(zip(*map(format_column, columns), strict=True))
    if broken:
        lines = markdown_table(sheet.columns, cells, rule)
    else:
        lines = [table_row(map(escape_markdown, sheet.columns)), table_row(rule)]
        lines += [table_row(map(escape_markdown, row)) for row in cells]
    yield "\n".join(lines + _rows_left_note(len(sheet.rows) - rows))
    if sheet.note:
        yield escape_markdown(sheet.note)


def _figure_blocks(figure: Figure, rows: int, picture: str | None) -> Iterator[str]:
    """The figure's picture, its text, and its numbers if they are few or no picture shows them."""
    title, *numbers = sheet_blocks(figure_sheet(figure), rows, broken=True)
    yield title
    if picture:
        yield f"![{escape_markdown(figure.alt)}]({picture})"
    yield escape_markdown(figure.alt)
    if not picture or len(figure_sheet(figure).rows) <= _MOST_NUMBERS:
        yield from numbers


def _rows_left_note(omitted_rows: int) -> list[str]:
    return ["", f"*{omitted_rows:,} more rows*"] if omitted_rows > 0 else []


def markdown_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], rule: Iterable[str]
) -> list[str]:
    """The lines of a table of plain texts, whose long cells are broken at words.

    Prefect's dashboard wraps no cell, and cuts a table off at the edge of its page.
    """
    columns = list(zip(head, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    short = [width for width in widths if width <= _SHORT_CELL]
    room = (_TABLE_WIDTH - sum(short)) // max(len(widths) - len(short), 1)
    broken = [[_break_cell(text, max(room, _SHORT_CELL)) for text in column] for column in columns]
    first, *others = zip(*broken, strict=True)
    return [table_row(first), table_row(rule), *map(table_row, others)]


def _break_cell(text: str, width: int) -> str:
    """A cell's text, escaped, in lines of about this many characters."""
    return "<br>".join(map(escape_markdown, wrap(text[:_LONGEST_CELL], width))) or ""


def table_row(cells: Iterable[str]) -> str:
    """A line of a Markdown table, from escaped cells."""
    return f"| {' | '.join(cells)} |"


def escape_markdown(text: str) -> str:
    """Text escaped for Markdown, for HTML and for a table's cell."""
    if len(text) > _LONGEST_CELL:
        text = text[: _LONGEST_CELL - 1] + "…"
    text = printable_text(text).strip()
    text = _INLINE_SYNTAX.sub(r"\\\g<0>", text)
    text = _HTML_ENTITY.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")
    return _BLOCK_SYNTAX.sub(r"\1\\\2", text)


def inline_code(text: str) -> str:
    """A name as inline code, unless it holds a backtick."""
    text = printable_text(text).strip()
    return escape_markdown(text) if "`" in text or not text else f"`{text}`"
