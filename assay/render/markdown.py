"""A report as GitHub-flavoured Markdown, for Prefect artifacts: bounded in size, safe to render."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from assay.evidence.report import Check, Report, Sheet, Verdict
from assay.render.numbers import column, is_numeric, measured
from assay.render.words import as_sheet, printable, remarks, signed, tally, worst_first

LIMIT = 500_000  # bytes; Prefect keeps artifacts in its database and sends them whole to a browser
_CUTS = (500, 100, 20, 0)  # rows of a table to try, until the text is within the limit
_CELL = 600  # characters of one cell

# Between letters an underscore is harmless, and `true_positive_rate` stays readable unrendered.
_INLINE = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")
_OPENING = re.compile(r"^(\d*)([#+=.)-])(?=[\s#=-]|$)")  # would begin a heading or a list


def markdown(report: Report) -> str:
    """The report as Markdown of at most `LIMIT` bytes of UTF-8.

    Long tables end with "n more rows": few rows in every table rather than all in the first.
    """
    for rows in _CUTS:
        written = "\n\n".join(_blocks(report, rows)) + "\n"
        if len(written.encode()) <= LIMIT:
            return written
    end = "\n\n*Cut here: the report is longer than an artifact may be.*\n"
    whole = written.encode()[: LIMIT - len(end.encode())].decode(errors="ignore")
    return whole.rpartition("\n")[0] + end


def _blocks(report: Report, rows: int) -> Iterator[str]:
    yield f"# {_safe(report.gate).capitalize()}: {signed(report.verdict)}"
    yield f"**{_safe(report.summary)}**" if report.summary.strip() else "No summary"
    yield f"Judged: {_safe(report.subject)}. Checks: {tally(report) or 'none'}."
    if report.checks:
        yield _checks(worst_first(report), rows)
    for sheet in report.sheets:
        yield from _sheet(sheet, rows)
    for figure in report.figures:
        yield from _sheet(as_sheet(figure).model_copy(update={"note": figure.alt}), rows)
    if report.notes:
        yield "## What limits this report"
        yield "\n".join(f"- {_safe(note)}" for note in report.notes)


def _checks(checks: Sequence[Check], rows: int) -> str:
    lines = [_row(("verdict", "claim", "estimate", "limit", "what was seen"))]
    lines.append("|---|---|--:|--:|---|")
    for check in checks[:rows]:
        estimate, limit = measured(check)
        said = (signed(check.verdict), check.claim, estimate, limit)
        lines.append(_row([*map(_safe, said), _seen(check)]))
    return "\n".join(lines + _rest(len(checks) - rows))


def _seen(check: Check) -> str:
    parts = [_safe(part) for part in (check.why, remarks(check)) if part]
    if check.remedy and check.verdict is not Verdict.PASS:
        parts.append(f"**Remedy:** {_safe(check.remedy)}")
    return "<br>".join(parts)


def _sheet(sheet: Sheet, rows: int) -> Iterator[str]:
    yield f"## {_safe(sheet.title)}"
    if not sheet.columns:
        return
    columns = list(zip(*sheet.rows[:rows], strict=True)) or [()] * len(sheet.columns)
    lines = [_row(map(_safe, sheet.columns))]
    lines.append(_row("--:" if is_numeric(cells) else "---" for cells in columns))
    lines += [_row(map(_safe, row)) for row in zip(*map(column, columns), strict=True)]
    yield "\n".join(lines + _rest(len(sheet.rows) - rows))
    if sheet.note:
        yield _safe(sheet.note)


def _rest(left: int) -> list[str]:
    return ["", f"*{left:,} more rows*"] if left > 0 else []


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _safe(said: str) -> str:
    """Text that means itself in Markdown, in HTML and within a table's cell."""
    if len(said) > _CELL:
        said = said[: _CELL - 1] + "…"
    said = printable(said).strip()
    said = _INLINE.sub(r"\\\g<0>", said)
    said = said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _OPENING.sub(r"\1\\\2", said)
