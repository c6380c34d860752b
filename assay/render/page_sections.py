"""The order of a page's gates, and what of each stands open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from assay.gates.report import Figure, Report, Sheet

REVIEW_ORDER: Final = (
    "performance",
    "shadow",
    "fairness",
    "explanation",
    "candidates",
    "validation",
    "feasibility",
)
"""The gates in the order in which a reviewer asks; others follow, and `technical` is last."""
LAST: Final = "technical"
EVIDENCE: Final = frozenset({"validation", "feasibility", "candidates", LAST})
"""Gates whose figures and tables are looked up rather than read: they are folded."""
_MOST_OPEN_ROWS = 12  # a longer table is folded


class GateSection(NamedTuple):
    """One gate's figures and tables: what stands open, and what is folded beneath it."""

    figures: tuple[Figure, ...]
    sheets: tuple[Sheet, ...]
    folded_figures: tuple[Figure, ...]
    folded_sheets: tuple[Sheet, ...]


def sort_for_review(reports: Sequence[Report]) -> list[Report]:
    """The reports in reading order; those of one gate keep theirs."""

    def place(report: Report) -> int:
        if report.gate == LAST:
            return len(REVIEW_ORDER) + 1
        known = report.gate in REVIEW_ORDER
        return REVIEW_ORDER.index(report.gate) if known else len(REVIEW_ORDER)

    return sorted(reports, key=place)


def lay_out_gate(report: Report, *, alone: bool) -> GateSection:
    """What of a report stands open. A page of this gate `alone` folds long tables only."""
    if report.gate in EVIDENCE and not alone:
        return GateSection((), (), report.figures, report.sheets)
    short = tuple(s for s in report.sheets if not s.detail and len(s.rows) <= _MOST_OPEN_ROWS)
    rest = tuple(sheet for sheet in report.sheets if sheet not in short)
    return GateSection(report.figures, short, (), rest)
