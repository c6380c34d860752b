"""The first screen of a page for one gate alone: an audit, a drift check, a monitor's look."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from assay.gates.report import Check, Figure, Report, Verdict
from assay.render.deciding_figure import check_figure, gap_figure
from assay.render.deciding_numbers import (
    DecidingNumber,
    fairness_number,
    judged_gaps,
    statistic_title,
)
from assay.render.decision_summary import DecisionState, DecisionSummary, limit_clause
from assay.render.numbers import estimate_text
from assay.render.report_text import checks_worst_first, end_sentence
from assay.util.wording import format_count

_STATES: Final[dict[Verdict, DecisionState]] = {
    Verdict.PASS: "good",
    Verdict.CAUTION: "waiting",
    Verdict.UNKNOWN: "waiting",
    Verdict.FAIL: "refused",
}
_ANSWERS: Final = {
    Verdict.PASS: "passed",
    Verdict.CAUTION: "has cautions to weigh",
    Verdict.UNKNOWN: "cannot tell",
    Verdict.FAIL: "failed",
}
_MOST_NUMBERS = 3


def summarize_gate(report: Report, *, answer: str = "") -> DecisionSummary:
    """The gate's answer and its reason, the worst of its numbers, a picture, and what to do.

    `answer` says it in other words than the verdict: "look 3 says retrain".
    """
    found = report.checks_weighing(report.verdict) if report.verdict is not Verdict.PASS else []
    return DecisionSummary(
        state=_STATES[report.verdict],
        sentence=_sentence(report, found, answer),
        numbers=_numbers(report),
        figure=_figure(report, found),
        next_step=next((c.remedy for c in found if c.remedy), "") or _nothing(report),
        label=report.verdict.value,
    )


def _sentence(report: Report, found: Sequence[Check], answer: str) -> str:
    if not report.checks and not answer:  # nothing was held to a limit: there are only tables
        return end_sentence(report.summary or report.gate.capitalize())
    answer = answer or f"{report.gate.capitalize()} {_ANSWERS[report.verdict]}"
    if not found:
        return (
            f"{answer}: {end_sentence(report.summary)}" if report.summary.strip() else f"{answer}."
        )
    first, *others = found
    more = f" ({format_count(len(others), 'more finding')})" if others else ""
    seen = f"{first.headline.strip().removesuffix('.')}{limit_clause(first)}{more}"
    return f"{answer}: {end_sentence(seen)}"


def _nothing(report: Report) -> str:
    if not report.checks:
        return "Set a limit to have a verdict; the tables below show what was measured."
    if report.verdict is Verdict.PASS:
        return "Nothing: every check passed."
    return "Weigh the findings below."


def _numbers(report: Report) -> tuple[DecidingNumber, ...]:
    """The numbers of the worst checks, each with its limit; of fairness, the widest gap first."""
    lead = [fairness_number(report)] if report.gate == "fairness" and judged_gaps(report) else []
    room = _MOST_NUMBERS - len(lead)
    measured = [c for c in checks_worst_first(report) if c.estimate is not None and c.statistic]
    rest = [c for c in measured if not (lead and c.threshold is not None and c.group)]
    return (*lead, *(_check_number(check) for check in rest[:room]))


def _check_number(check: Check) -> DecidingNumber:
    estimate, limit = estimate_text(check)
    return DecidingNumber(
        question=", ".join(part for part in (statistic_title(check), check.group) if part),
        value=estimate,
        limit=limit,
        verdict=check.verdict,
        meaning=check.headline,
    )


def _figure(report: Report, found: Sequence[Check]) -> Figure | None:
    """What decided; where that was not measured, the figure that the gate shows first."""
    if report.gate == "fairness" and (figure := gap_figure(report)):
        return figure
    if report.figures:
        return report.figures[0]
    measured = [c for c in found if c.estimate is not None and c.threshold is not None]
    return check_figure(measured[0]) if measured else None
