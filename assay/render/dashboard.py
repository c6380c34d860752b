"""A report as a few plain values, for who shows them in a way of their own: a dashboard."""

from __future__ import annotations

import re

from assay.gates.report import Figure, Report, Verdict
from assay.render.numbers import estimate_parts
from assay.render.report_text import checks_worst_first, printable_text, verdict_label
from assay.render.svg.figure import figure_svg_file

MOST_CHECKS = 200
MOST_PICTURES = 3
PICTURE_LIMIT = 64_000  # bytes of SVG
_LONGEST_VALUE = 600  # characters of one value


def artifact_key(*names: str) -> str:
    """What a dashboard calls something that it shows: "income-history"."""
    return re.sub(r"[^a-z0-9]+", "-", " ".join(names).lower()).strip("-")


def check_rows(report: Report) -> list[dict[str, str]]:
    """The checks as rows of text, worst first and at most `MOST_CHECKS`, the last one saying how
    many are left out. What is long comes last, where a table may be cut at its right edge.
    """
    checks = checks_worst_first(report)
    rows = []
    for check in checks[:MOST_CHECKS]:
        estimate, bounds, limit = estimate_parts(check)
        remedy = "" if check.verdict is Verdict.PASS else check.remedy
        rows.append(
            {
                "verdict": verdict_label(check.verdict),
                "estimate": estimate,
                "interval": bounds,
                "limit": limit,
                "claim": _shorten(check.claim),
                "remedy": _shorten(remedy),
            }
        )
    left = len(checks) - len(rows)
    return [*rows, dict.fromkeys(rows[0], "") | {"claim": f"{left:,} more"}] if left else rows


def report_pictures(report: Report) -> list[tuple[Figure, bytes]]:
    """The first few figures, each with its SVG file; gates put the most telling first. One that
    is too large to be kept for every run is left to the page.
    """
    drawn = [(figure, figure_svg_file(figure)) for figure in report.figures[:MOST_PICTURES]]
    return [(figure, svg) for figure, svg in drawn if len(svg) <= PICTURE_LIMIT]


def _shorten(text: str) -> str:
    text = printable_text(text).strip()
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
