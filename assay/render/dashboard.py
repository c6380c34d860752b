"""A report as plain values for a dashboard, which shows them in its own way."""

from __future__ import annotations

import re

from assay.gates.report import Figure, Report
from assay.render.numbers import estimate_parts
from assay.render.report_text import checks_worst_first, verdict_label
from assay.render.svg.figure import figure_svg_file
from assay.util.printable_text import printable_text

MOST_CHECKS = 200
MOST_PICTURES = 3
PICTURE_LIMIT = 64_000  # bytes of SVG
_LONGEST_VALUE = 44  # characters of a finding that its row shows at 1280 pixels


def artifact_key(*names: str) -> str:
    """A dashboard's key for an artifact: "income-history"."""
    return re.sub(r"[^a-z0-9]+", "-", " ".join(names).lower()).strip("-")


def check_rows(report: Report) -> list[dict[str, str]]:
    """The checks as rows of text, worst first, at most `MOST_CHECKS`; the last row counts the rest.

    The table cuts what is beyond its right edge, so a row is short: the report's own page has the
    whole finding, and what to do.
    """
    checks = checks_worst_first(report)
    rows = []
    for check in checks[:MOST_CHECKS]:
        estimate, bounds, limit = estimate_parts(check)
        rows.append(
            {
                "verdict": verdict_label(check.verdict),
                "estimate": " ".join(part for part in (estimate, bounds) if part),
                "limit": limit,
                "finding": _shorten(check.headline),
            }
        )
    left = len(checks) - len(rows)
    return [*rows, dict.fromkeys(rows[0], "") | {"finding": f"{left:,} more"}] if left else rows


def report_pictures(report: Report) -> list[tuple[Figure, bytes]]:
    """The first few figures with their SVG files; gates put the most important first.

    A figure that is too large to keep for every run appears only on the page.
    """
    drawn = [(figure, figure_svg_file(figure)) for figure in report.figures[:MOST_PICTURES]]
    return [(figure, svg) for figure, svg in drawn if len(svg) <= PICTURE_LIMIT]


def _shorten(text: str) -> str:
    """The text, or its first words and an ellipsis."""
    text = " ".join(printable_text(text).split())
    if len(text) <= _LONGEST_VALUE:
        return text
    start = text[:_LONGEST_VALUE]
    words = start.rpartition(" ")[0] if " " in start else start[:-1]
    return f"{words}…"
