"""Reports as one self-contained HTML page: no script, no font, no server."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache, partial
from itertools import chain, count
from typing import Any, NamedTuple

from markupsafe import Markup

from assay.gates.report import Check, Figure, Report, Sheet, Verdict
from assay.render.deciding_numbers import LABELS
from assay.render.decision_summary import DecisionSummary, ModelDecision, summarize_decision
from assay.render.gate_summary import summarize_gate
from assay.render.numbers import estimate_text, format_column, is_numeric
from assay.render.page_sections import GateSection, lay_out_gate, sort_for_review
from assay.render.page_template import load_template
from assay.render.report_text import (
    VERDICT_MEANINGS,
    VERDICT_SYMBOLS,
    check_remarks,
    checks_not_passed,
    figure_sheet,
    verdict_counts,
)
from assay.render.svg.figure import figure_svg
from assay.util.wording import format_count

_MOST_OPEN_ROWS = 12  # a longer table is folded
_MOST_ROWS = 2_000  # beyond it a browser on a phone gives up; the stored report has them all


class HtmlTable(NamedTuple):
    """A sheet as text: headings with "is numeric", rows, and the number of rows left out."""

    title: str
    note: str
    columns: list[tuple[str, bool]]
    rows: list[tuple[str, ...]]
    omitted_rows: int

    @property
    def folded(self) -> bool:
        return len(self.rows) > _MOST_OPEN_ROWS


def render_html(
    reports: Sequence[Report],
    *,
    title: str,
    facts: Mapping[str, str],
    intro: str = "",
    summary: DecisionSummary | None = None,
) -> bytes:
    """One HTML file for one gate or for all of a run, in UTF-8; equal input gives equal bytes.

    The first screen is `summary`; without one, what the report alone says, or the reports together.
    The gates follow in the order in which a reviewer asks, and `facts` after them. Two have their
    own place, in any case: `question` leads, and `outcome` says what became of the model where
    there is no summary.
    """
    rest, ordered = dict(facts), sort_for_review(reports)
    question, outcome = _pop_fact(rest, "question"), _pop_fact(rest, "outcome")
    html: str = _template().render(
        title=title,
        question="" if question == title else question,
        summary=summary or _summary(ordered, title, outcome),
        intro=intro,
        facts=rest,
        reports=ordered,
        anchors=gate_anchors([report.gate for report in ordered]),
        lay_out_gate=partial(lay_out_gate, alone=len(ordered) == 1),
        Verdict=Verdict,
        meanings=VERDICT_MEANINGS,
    )
    return html.lstrip().encode("utf-8", "replace")


def _summary(reports: Sequence[Report], title: str, outcome: str) -> DecisionSummary:
    if len(reports) == 1:
        return summarize_gate(reports[0])
    word = _first_word(outcome)
    if not word:
        failed = any(report.verdict is Verdict.FAIL for report in reports)
        word = "rejected" if failed else "registered"
    return summarize_decision(reports, ModelDecision(title, word))


def gate_anchors(gates: Sequence[str]) -> list[str]:
    """Each gate's anchor in the page, such as "page.html#fairness"; equal names are numbered."""
    taken = {"main", "verdicts", "about", "reading"}
    found = []
    for gate in gates:
        name = re.sub(r"[^a-z0-9]+", "-", gate.lower()).strip("-") or "gate"
        names = chain([name], (f"{name}-{number}" for number in count(2)))
        found.append(next(n for n in names if not taken & {n, f"{n}-name"}))
        taken |= {found[-1], f"{found[-1]}-name"}
    return found


def _pop_fact(facts: dict[str, str], name: str) -> str:
    key = next((key for key in facts if key.casefold() == name), None)
    return facts.pop(key) if key else ""


def _first_word(text: str) -> str:
    match = re.match(r"[a-z]+", text.casefold())
    return match[0] if match else ""


@cache
def _template() -> Any:
    names = {
        "symbols": VERDICT_SYMBOLS,
        "findings": checks_not_passed,
        "evidence": _evidence_title,
        "labels": LABELS,
        "figure_grid": lambda figure: html_table(figure_sheet(figure)),
        "grid": html_table,
        "measured": estimate_text,
        "picture": svg_markup,
        "remarks": check_remarks,
        "tally": verdict_counts,
        "passed": passed_checks,
    }
    return load_template("assay.render", "page.html", names)


def passed_checks(report: Report) -> list[Check]:
    return report.checks_with(Verdict.PASS)


def _evidence_title(section: GateSection) -> str:
    """What is folded, counted: "3 figures and 11 tables"."""
    figures, tables = len(section.folded_figures), len(section.folded_sheets)
    more = "more " if section.figures or section.sheets else ""
    counts = [format_count(figures, f"{more}figure")] if figures else []
    counts += [format_count(tables, f"{more}table")] if tables else []
    return " and ".join(counts)


def svg_markup(figure: Figure) -> Markup:
    return Markup(figure_svg(figure))  # noqa: S704 # escaped where it was drawn


def html_table(sheet: Sheet) -> HtmlTable:
    """A sheet as an HTML table's content."""
    cells = list(zip(*sheet.rows, strict=True)) or [()] * len(sheet.columns)
    kept = [format_column(part)[:_MOST_ROWS] for part in cells]
    return HtmlTable(
        title=sheet.title,
        note=sheet.note,
        columns=[(name, is_numeric(part)) for name, part in zip(sheet.columns, cells, strict=True)],
        rows=list(zip(*kept, strict=True)),
        omitted_rows=max(0, len(sheet.rows) - _MOST_ROWS),
    )
