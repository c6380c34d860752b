"""What the first screen says of a run's model: the outcome and why, the numbers that decide, one
picture, and what a person must do next. Page, terminal and forms show the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from assay.gates.report import Check, Figure, Report, Verdict
from assay.render.deciding_figure import deciding_figure, gap_figure
from assay.render.deciding_numbers import (
    DecidingNumber,
    deciding_numbers,
    gap_sentence,
    judged_gaps,
    widest_gap,
)
from assay.render.numbers import estimate_text
from assay.render.report_text import end_sentence
from assay.util.wording import format_count

DecisionState = Literal["good", "waiting", "refused", "stopped"]
"""`good`: registered or champion, and nothing waits. `waiting`: a person must decide. `refused`: a
gate failed the model, or a person refused to promote it. `stopped`: the data failed before there
was a model.
"""


@dataclass(frozen=True, slots=True)
class ModelDecision:
    """What became of a run's model, beside its gates' reports.

    `waits` and `command` are those of a `PendingPromotion`; empty where no person must decide.
    """

    name: str  # "income@2"; of a stopped run, the use case's name
    outcome: str  # "registered", "rejected" or "stopped"
    champion: bool = False
    against: str = ""  # the champion that it was compared with: "income@1"
    waits: str = ""  # why it waits for a person
    command: str = ""  # by which a person makes it champion
    refusal: str = ""  # who refused to promote it, and why: "ada: too few women"
    unit: str = ""  # what outcomes are counted in: "dollars an hour"


@dataclass(frozen=True, slots=True)
class DecisionSummary:
    """The first screen. `numbers` answer how good, how fair and how sure, in this order."""

    state: DecisionState
    sentence: str  # the outcome and why
    numbers: tuple[DecidingNumber, ...]
    figure: Figure | None
    next_step: str  # what a person must do
    second_figure: Figure | None = None  # where there is room: the fairness that `figure` lacks
    label: str = ""  # the state in a word or two: "champion", "waits for a person", "rejected"


def summarize_decision(reports: Sequence[Report], decision: ModelDecision) -> DecisionSummary:
    """The first screen of a run or a version, from its gates' reports in any order.

    Reports that were stored without measurements are read by what they show.
    """
    measured = [_with_measurements(report) for report in reports]
    state = _state(measured, decision)
    worst = _deciding_report(measured)
    figure = deciding_figure(
        measured, worst, champion=decision.against, unit=decision.unit, state=state
    )
    fairness = next((report for report in measured if report.gate == "fairness"), None)
    gaps = gap_figure(fairness, decision.unit) if fairness else None
    return DecisionSummary(
        state=state,
        sentence=_sentence(state, measured, worst, decision),
        numbers=deciding_numbers(
            measured, champion=decision.against, unit=decision.unit, stopped=state == "stopped"
        ),
        figure=figure,
        second_figure=None if gaps == figure else gaps,
        next_step=_next_step(state, measured, worst, decision),
        label=_label(state, decision),
    )


def _state(reports: Sequence[Report], decision: ModelDecision) -> DecisionState:
    if decision.outcome == "stopped":
        return "stopped"
    if decision.outcome == "rejected" or decision.refusal:
        return "refused"
    unsure = any(report.verdict is Verdict.UNKNOWN for report in reports)
    waits = decision.waits or (unsure and not decision.champion)
    return "waiting" if waits else "good"


def _label(state: DecisionState, decision: ModelDecision) -> str:
    if state == "good":
        return "champion" if decision.champion else "registered"
    if decision.refusal:
        return "refused"
    labels = {"waiting": "waits for a person", "refused": "rejected", "stopped": "stopped"}
    return labels[state]


def _deciding_report(reports: Sequence[Report]) -> Report | None:
    """The first report with the worst verdict, where that is no pass."""
    worst = Verdict.worst(report.verdict for report in reports)
    if worst is Verdict.PASS:
        return None
    return next(report for report in reports if report.verdict is worst)


def _with_measurements(report: Report) -> Report:
    lacks_rivals = report.gate == "performance" and not report.measurements_of("dummy_score")
    if report.gate not in ("performance", "fairness") or (report.measurements and not lacks_rivals):
        return report
    from assay.gates.stored_measurements import add_measurements  # heavy; few reports need it

    return add_measurements(report)


# --- the sentence -----------------------------------------------------------------------------


def _sentence(
    state: DecisionState, reports: Sequence[Report], worst: Report | None, decision: ModelDecision
) -> str:
    name, gate = decision.name, worst.gate if worst else "a gate"
    match state:
        case "stopped":
            said = f"stopped at {gate}, before any model was trained: {_reason(worst, decision)}"
        case "refused" if decision.refusal:
            said = f"was refused as champion by {decision.refusal.removesuffix('.')}."
        case "refused":
            said = f"is rejected, because {gate} failed: {_reason(worst, decision)}"
        case "waiting" if worst is not None and worst.verdict is Verdict.UNKNOWN:
            said = f"waits for a person, because {gate} cannot tell: {_reason(worst, decision)}"
        case "waiting":
            why = decision.waits.partition(": ")[2].removesuffix(".") or _passed_text(reports)
            said = f"waits for a person to promote it: {why}."
        case "good":
            said = f"{_standing(reports, decision)}: {_passed_text(reports)}."
    return f"{name} {said}"


def _standing(reports: Sequence[Report], decision: ModelDecision) -> str:
    """The standing of a version that waits for nobody."""
    if decision.champion:
        return "is champion"
    checks = (c for r in reports for c in r.checks if c.name == "beats_champion")
    if decision.against and not any(check.verdict is Verdict.PASS for check in checks):
        return f"is registered and does not surely beat {decision.against}, which stays champion"
    return "is registered"


def _passed_text(reports: Sequence[Report]) -> str:
    """ "every gate passed", or what is to be weighed."""
    unsure = [report.gate for report in reports if report.verdict is Verdict.UNKNOWN]
    if unsure:
        return f"no gate failed, and a person accepted that {' and '.join(unsure)} cannot tell"
    cautions = sum(len(report.checks_weighing(Verdict.CAUTION)) for report in reports)
    if not cautions:
        return "every gate passed"
    return f"no gate failed, with {format_count(cautions, 'caution')} to weigh"


def _reason(report: Report | None, decision: ModelDecision) -> str:
    """What decided, its limit, and how many more findings there are; one full stop at the end."""
    if report is None:
        return "no gate left a report."
    first, *others = report.checks_weighing(report.verdict) or (None,)
    more = f" ({format_count(len(others), 'more finding')})" if others else ""
    gaps = judged_gaps(report) if report.gate == "fairness" else []
    if gaps and any(c.name == f"{g.metric}[{g.group}]" for c in report.checks for g in gaps):
        return f"{gap_sentence(widest_gap(report), decision.unit)}{more}."
    seen = (first.headline if first else report.summary).strip().removesuffix(".")
    limit = limit_clause(first) if first else ""
    return f"{seen}{limit}{more}."


def limit_clause(check: Check) -> str:
    """The limit, unless the headline names it: "; the limit is 0.85"."""
    limit = estimate_text(check).limit
    short = limit.rstrip("0").rstrip(".") if "." in limit else limit
    if not limit or short in check.headline:
        return ""
    return f"; the limit is {short}"


# --- what to do -------------------------------------------------------------------------------


def _next_step(
    state: DecisionState, reports: Sequence[Report], worst: Report | None, decision: ModelDecision
) -> str:
    if state == "waiting":
        command = decision.command or f"assay approve {decision.name} --because TEXT"
        return f"Read the findings below, then decide. To make it champion: {command}"
    if decision.refusal:
        return f"Nothing waits for you. To decide otherwise: assay promote {decision.name}"
    if state in ("refused", "stopped"):
        remedies = [c.remedy for c in _deciding_checks(worst) if c.remedy]
        again = "Then run it again."
        return f"{remedies[0].strip()} {again}" if remedies else f"Mend what failed. {again}"
    cautions = [c for r in reports for c in r.checks_weighing(Verdict.CAUTION) if c.remedy]
    if cautions:
        first = cautions[0]
        return (
            f"Nothing waits for you. First to weigh: {end_sentence(first.headline)} {first.remedy}"
        )
    return "Nothing waits for you."


def _deciding_checks(report: Report | None) -> list[Check]:
    return [] if report is None else report.checks_weighing(report.verdict)
