"""Which candidate first, for questions whose candidates differ in one score and in their gaps.

All rests on the training rows, answered by models that were not fitted to them. A candidate comes
before another if a better verdict on the fairness rules is foreseen (see
`gates.candidates.assessment`); then if it is likelier to keep all limits; then by
`performance.choose_by`, cross-validated; then by what its decisions cost, where they can differ at
equal scores; then by its place in the use case.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assay.config.gates import LOWER_IS_BETTER
from assay.config.use_case import UseCase
from assay.gates.candidates.assessment import chance_within_limits, foresee_check
from assay.gates.candidates.display import (
    FORESEEN_TEXTS,
    farthest_gap_text,
    figure_title,
    foreseen_checks,
    gap_cell,
    gap_point,
    rule_title,
)
from assay.gates.candidates.frontier import ALIKE, CandidateFrontier
from assay.gates.fairness.group_distances import GroupDistance, farthest_groups
from assay.gates.report import (
    Check,
    Figure,
    Interval,
    Report,
    Series,
    Sheet,
    Verdict,
    overall_verdict,
)
from assay.gates.statistics.intervals import Estimate
from assay.problems.problem_type import HeldOutAnswers, ProblemType


@dataclass(frozen=True)
class _Ranked:
    """What is known of a candidate when its turn is decided."""

    title: str
    score: float
    trade_off: float
    rows: int
    distances: dict[str, GroupDistance]
    foreseen_verdict: Verdict
    chance: float


def rank_candidates(
    problem: ProblemType,
    answers: Sequence[HeldOutAnswers],
    use_case: UseCase,
    decision_cost: Callable[[HeldOutAnswers], float] | None = None,
) -> CandidateFrontier:
    """Put the candidates in order. `answers` in the use case's own order.

    `decision_cost`: what a candidate's decisions cost a row, where pictures set that against gaps
    and not `performance.choose_by`.
    """
    known = [_assess(problem, one, use_case, decision_cost) for one in answers]
    by = use_case.performance.choose_by
    sign = 1 if by in LOWER_IS_BETTER else -1
    best = max((one.chance for one in known), default=1.0)
    order = sorted(
        known,
        key=lambda one: (
            one.foreseen_verdict.severity,
            one.chance < ALIKE * best,
            sign * one.score,
            0.0 if decision_cost is None else one.trade_off,
        ),
    )
    words = [_explain_place(order, place, by) for place in range(len(order))]
    return CandidateFrontier(
        report=_report(order, words, use_case, "cost" if decision_cost else by),
        order=[
            {"title": one.title, "likely": str(one.foreseen_verdict), "because": because}
            for one, because in zip(order, words, strict=True)
        ],
    )


def _assess(
    problem: ProblemType,
    answers: HeldOutAnswers,
    use_case: UseCase,
    decision_cost: Callable[[HeldOutAnswers], float] | None,
) -> _Ranked:
    checks: Sequence[Check] = ()
    if use_case.fairness:
        checks = problem.audit_fairness(answers.held_out, use_case, subject=answers.title).checks
    more = len(answers.held_out) / max(answers.about["tested"], 1)
    score = answers.about["cross_validated"]
    return _Ranked(
        title=answers.title,
        score=score,
        trade_off=score if decision_cost is None else decision_cost(answers),
        rows=len(answers.held_out),
        distances=farthest_groups(checks),
        foreseen_verdict=overall_verdict([foresee_check(check, more) for check in checks]),
        chance=math.prod(map(chance_within_limits, checks)),
    )


def _explain_place(order: Sequence[_Ranked], place: int, by: str) -> str:
    """Why a candidate has its place: how it stands, and what sets it apart from its neighbour."""
    one = order[place]
    said = [f"{place + 1} of {len(order)}"]
    if any(other.distances for other in order):
        said.append(FORESEEN_TEXTS[one.foreseen_verdict] + farthest_gap_text(one.distances))
    if len(order) > 1:
        way, other = ("after", order[place - 1]) if place else ("before", order[1])
        said.append(f"{way} {other.title}, {_compare(one, other, by)}")
    return "; ".join(said)


def _compare(one: _Ranked, other: _Ranked, by: str) -> str:
    if one.foreseen_verdict is not other.foreseen_verdict:
        return f"for which {other.foreseen_verdict} is foreseen"
    if not ALIKE <= (one.chance + 1e-12) / (other.chance + 1e-12) <= 1 / ALIKE:
        chances = f"{other.chance:.2f} against {one.chance:.2f}"
        return f"whose chance to keep all limits is {chances}"
    if one.score != other.score:
        return f"whose {by} is {other.score:.4g} against {one.score:.4g}"
    if one.trade_off != other.trade_off:
        costs = f"{other.trade_off:.4g} a row against {one.trade_off:.4g}"
        return f"whose {by} is the same, and whose decisions cost {costs}"
    return "which is as good, in the use case's order"


_OTHERS = "Add candidates, or features that tell the groups' rows apart."

# --- the report -------------------------------------------------------------------------------


def _report(
    order: Sequence[_Ranked], why: Sequence[str], use_case: UseCase, trade_off: str
) -> Report:
    by, checks = use_case.performance.choose_by, foreseen_checks(order[0], _OTHERS)
    rules = list(dict.fromkeys(rule for one in order for rule in one.distances))
    fit = sum(one.foreseen_verdict.severity <= Verdict.CAUTION.severity for one in order)
    fair = f"; {fit} likely to pass the fairness rules" if use_case.fairness else ""
    return Report(
        gate="candidates",
        subject=use_case.name,
        verdict=overall_verdict(checks),
        summary=f"Candidates: {len(order)}{fair}. First in line: {order[0].title}.",
        checks=tuple(checks),
        sheets=(
            _order_sheet(order, why, by),
            *([_gap_sheet(order, rules, trade_off)] if rules else []),
        ),
        figures=tuple(_figure(order, rule, trade_off) for rule in rules),
        notes=(
            (
                f"Judged on up to {max(one.rows for one in order):,} training rows, each answered "
                "by a model that was not fitted to it. Foreseen is what four of five tests of that "
                "many rows would say; unknown, where they differ."
            ),
        ),
    )


def _order_sheet(order: Sequence[_Ranked], why: Sequence[str], by: str) -> Sheet:
    return Sheet(
        title="In what order the candidates are tried",
        columns=("place", "candidate", f"{by}, cross-validated", "foreseen", "why"),
        rows=tuple(
            (
                place,
                one.title,
                one.score,
                str(one.foreseen_verdict) if one.distances else "",
                reason.split("; ")[-1],
            )
            for place, (one, reason) in enumerate(zip(order, why, strict=True), start=1)
        ),
        note="Until one passes its gates on the test rows.",
    )


def _gap_sheet(order: Sequence[_Ranked], rules: Sequence[str], by: str) -> Sheet:
    gaps = [f"gap in {rule_title(rule)}" for rule in rules]
    return Sheet(
        title="How far groups are apart",
        columns=("candidate", *gaps, by),
        rows=tuple(
            (one.title, *(gap_cell(one.distances.get(rule)) for rule in rules), one.trade_off)
            for one in order
        ),
        note="Gaps are those of the farthest group, of a ratio what it lacks of one, with the "
        "interval that their verdict rests on.",
    )


def _figure(order: Sequence[_Ranked], rule: str, by: str) -> Figure:
    held = [one for one in order if rule in one.distances]
    limit = held[0].distances[rule].limit
    unknown = Interval(low=None, high=None)
    told = [f"{one.title}: a gap of {one.distances[rule].value:.3g}" for one in held[:2]]
    points = tuple(
        gap_point(one.title, Estimate(one.trade_off, unknown), one.distances[rule]) for one in held
    )
    return Figure(
        title=figure_title(rule),
        kind="scatter",
        series=(Series(name="out of fold", points=points),),
        axis=by,
        x_axis=f"gap in {rule_title(rule)}",
        x_band=(0.0, limit),
        alt=f"{'; '.join(told)}. A gap up to {limit:g} is allowed.",
    )
