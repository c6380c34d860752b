"""A report as GitHub-flavoured Markdown, for Prefect artifacts: bounded in size, safe to render."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from assay.evidence.report import Check, Figure, Report, Sheet, Verdict
from assay.render.numbers import column, is_numeric, measured
from assay.render.words import as_sheet, findings, printable, remarks, signed, tally

LIMIT = 500_000  # bytes; Prefect keeps artifacts in its database and sends them whole to a browser
_CUTS = (500, 100, 20, 0)  # rows of a table to try, until the text is within the limit
_CELL = 600  # characters of one cell
_FEW = 12  # numbers that stand beneath their picture

# Between letters an underscore is harmless, and `true_positive_rate` stays readable unrendered.
_INLINE = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")
_ENTITY = re.compile(r"&(?=#?\w+;)")  # one that would be read as another sign
_OPENING = re.compile(r"^(\d*)([#+=.)-])(?=[\s#=-]|$)")  # would begin a heading or a list


def markdown(report: Report, pictures: Mapping[str, str] | None = None) -> str:
    """The report as Markdown of at most `LIMIT` bytes of UTF-8.

    Long tables end with "n more rows": few rows in every table rather than all in the first.
    `pictures`: the URL of a picture by the title of its figure.
    """
    for rows in _CUTS:
        written = "\n\n".join(_blocks(report, rows, pictures or {})) + "\n"
        if len(written.encode()) <= LIMIT:
            return written
    end = "\n\n*Cut here: the report is longer than an artifact may be.*\n"
    whole = written.encode()[: LIMIT - len(end.encode())].decode(errors="ignore")
    return whole.rpartition("\n")[0] + end


def _blocks(report: Report, rows: int, pictures: Mapping[str, str]) -> Iterator[str]:
    yield f"# {safe(report.gate).capitalize()}: {signed(report.verdict)}"
    yield f"**{safe(report.summary)}**" if report.summary.strip() else "No summary"
    yield f"Judged: {safe(report.subject)}. Checks: {tally(report) or 'none'}."
    if poor := findings(report):
        yield "## Needs attention"
        yield "\n".join([*map(_finding, poor[:rows]), *_rest(len(poor) - rows)])
    if good := report.of(Verdict.PASS):
        yield f"## Passed: {len(good):,}"
        yield _passed(good, rows)
    for figure in report.figures:
        yield from _figure(figure, rows, pictures.get(figure.title))
    for sheet in report.sheets:
        yield from sheet_blocks(sheet, rows)
    if report.notes:
        yield "## What limits this report"
        yield "\n".join(f"- {safe(note)}" for note in report.notes)


def _finding(check: Check) -> str:
    """An item of a list, and not a row of a table: Prefect's tables do not wrap, and what was
    seen and the remedy would lie beyond their right edge.
    """
    estimate, limit = measured(check)
    found = f"{check.statistic or 'estimate'} {estimate}" if estimate else ""
    found += f" against {limit}" if limit else ""
    parts = [safe(part) for part in (found.strip(), check.why, remarks(check)) if part]
    if check.remedy:
        parts.append(f"**Remedy:** {safe(check.remedy)}")
    return "<br>".join([f"- **{signed(check.verdict)}** {safe(check.claim)}", *parts])


def _passed(checks: Sequence[Check], rows: int) -> str:
    lines = [row(("estimate", "limit", "claim", "what was seen")), "|--:|--:|---|---|"]
    for check in checks[:rows]:
        seen = "; ".join(part for part in (check.why, remarks(check)) if part)
        lines.append(row(map(safe, (*measured(check), check.claim, seen))))
    return "\n".join(lines + _rest(len(checks) - rows))


def sheet_blocks(sheet: Sheet, rows: int, level: int = 2) -> Iterator[str]:
    """A sheet's heading of that level, its first rows, how many are left, its note."""
    yield f"{'#' * level} {safe(sheet.title)}"
    if not sheet.columns:
        return
    columns = list(zip(*sheet.rows[:rows], strict=True)) or [()] * len(sheet.columns)
    lines = [row(map(safe, sheet.columns))]
    lines.append(row("--:" if is_numeric(cells) else "---" for cells in columns))
    lines += [row(map(safe, cells)) for cells in zip(*map(column, columns), strict=True)]
    yield "\n".join(lines + _rest(len(sheet.rows) - rows))
    if sheet.note:
        yield safe(sheet.note)


def _figure(figure: Figure, rows: int, picture: str | None) -> Iterator[str]:
    """The picture where there is one, what it says in words, and its numbers, unless they are many
    and the picture shows them.
    """
    title, *numbers = sheet_blocks(as_sheet(figure), rows)
    yield title
    if picture:
        yield f"![{safe(figure.alt)}]({picture})"
    yield safe(figure.alt)
    if not picture or len(as_sheet(figure).rows) <= _FEW:
        yield from numbers


def _rest(left: int) -> list[str]:
    return ["", f"*{left:,} more rows*"] if left > 0 else []


def row(cells: Iterable[str]) -> str:
    """A line of a table, of cells that are safe."""
    return f"| {' | '.join(cells)} |"


def safe(said: str) -> str:
    """Text that means itself in Markdown, in HTML and within a table's cell."""
    if len(said) > _CELL:
        said = said[: _CELL - 1] + "…"
    said = printable(said).strip()
    said = _INLINE.sub(r"\\\g<0>", said)
    said = _ENTITY.sub("&amp;", said).replace("<", "&lt;").replace(">", "&gt;")
    return _OPENING.sub(r"\1\\\2", said)


def code(said: str) -> str:
    """A name as code, where it holds nothing that would end the code early."""
    said = printable(said).strip()
    return safe(said) if "`" in said or not said else f"`{said}`"
