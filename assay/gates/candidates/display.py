"""What the choice among candidates says and shows: sentences, a frontier, and its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from assay.config.gates import ErrorCosts, PerformanceMetric
from assay.config.use_case import UseCase
from assay.gates.fairness.group_distances import GroupDistance
from assay.gates.report import (
    Cell,
    Check,
    Figure,
    Point,
    Report,
    Series,
    Sheet,
    Verdict,
    overall_verdict,
)
from assay.gates.statistics.intervals import Estimate

if TYPE_CHECKING:
    from assay.gates.candidates.assessment import AssessedCandidate

FORESEEN_TEXTS = {
    Verdict.PASS: "likely to pass the fairness rules",
    Verdict.CAUTION: "likely to pass the fairness rules, with groups that nobody can judge",
    Verdict.UNKNOWN: "may pass or fail the fairness rules",
    Verdict.FAIL: "likely to fail the fairness rules",
}


FORESEEN_SENTENCES = {
    verdict: text if verdict is Verdict.UNKNOWN else f"is {text}"
    for verdict, text in FORESEEN_TEXTS.items()
}


def trade_off_score(cost: ErrorCosts) -> PerformanceMetric:
    """What a picture sets against the gap: accuracy, where errors are of one price."""
    return "accuracy" if cost.false_positive == cost.false_negative else "cost"


# --- sentences --------------------------------------------------------------------------------


def explain_place(
    order: Sequence[AssessedCandidate],
    place: int,
    by: PerformanceMetric,
    tiers: Mapping[str, int],
) -> str:
    """Why a candidate has its place: how it stands, and what sets it apart from its neighbour.

    `tiers`, by title: those of one tier are as likely to keep the fairness limits.
    """
    one, judged = order[place], any(c.distances for c in order)
    said = [f"{place + 1} of {len(order)}"]
    if judged:
        said.append(FORESEEN_TEXTS[one.foreseen_verdict] + farthest_gap_text(one.distances))
    if len(order) > 1:
        way, other = ("after", order[place - 1]) if place else ("before", order[1])
        alike = tiers[one.title] == tiers[other.title]
        said.append(f"{way} {other.title}, {_compare_neighbour(one, other, by, alike=alike)}")
    return "; ".join(said)


def farthest_gap_text(distances: Mapping[str, GroupDistance]) -> str:
    """The rule that has the least room left, with its gap and its limit; nothing without rules."""
    rule = tightest_rule(distances)
    if rule is None:
        return ""
    found = distances[rule]
    return f" ({rule_title(rule)}: {found.value:.3f} of {found.limit:g})"


def tightest_rule(distances: Mapping[str, GroupDistance]) -> str | None:
    """The rule that has the least room left."""
    return max(
        distances, key=lambda rule: distances[rule].value / distances[rule].limit, default=None
    )


def _compare_neighbour(
    candidate: AssessedCandidate, other: AssessedCandidate, by: PerformanceMetric, *, alike: bool
) -> str:
    """What the `other` has that one's place was decided by."""
    if candidate.foreseen_verdict is not other.foreseen_verdict:
        return f"for which {other.foreseen_verdict} is foreseen"
    if not alike:
        chances = f"{other.chance_within:.2f} against {candidate.chance_within:.2f}"
        return f"whose chance to keep all limits is {chances}"
    if candidate.cross_validation_score != other.cross_validation_score:
        scores = (
            f"{other.cross_validation_score:.4f} against {candidate.cross_validation_score:.4f}"
        )
        return f"whose {by} is {scores}"
    if candidate.cost.value != other.cost.value:
        costs = f"{other.cost.value:.4f} a row against {candidate.cost.value:.4f}"
        return f"whose decisions cost {costs} at the same {by}"
    return "which is as good, in the use case's order"


def rule_title(rule: str) -> str:
    """A rule's key in words."""
    return rule.replace("_score", "").replace("_", " ")


# --- the report -------------------------------------------------------------------------------


def candidates_report(
    order: Sequence[AssessedCandidate], why: Sequence[str], use_case: UseCase
) -> Report:
    """The candidates in the order in which they are to be tried."""
    asked, check = use_case.performance, foreseen_checks(order[0], _MITIGATE)
    rules = list(dict.fromkeys(rule for one in order for rule in one.distances))
    fit = sum(one.foreseen_verdict.severity <= Verdict.CAUTION.severity for one in order)
    fair = f"; {fit} likely to pass the fairness rules" if use_case.fairness else ""
    return Report(
        gate="candidates",
        subject=use_case.name,
        verdict=overall_verdict(check),
        summary=f"Candidates: {len(order)}{fair}. First in line: {order[0].title}.",
        checks=tuple(check),
        sheets=(
            _order_sheet(order, why, asked.choose_by),
            *([_price_sheet(order, rules)] if rules else []),
        ),
        figures=tuple(_figure(order, rule, asked.cost) for rule in rules),
        notes=tuple(_notes(order)),
    )


class ForeseenCandidate(Protocol):
    """What the check of the first in line reads of a candidate."""

    @property
    def title(self) -> str: ...

    @property
    def rows(self) -> int: ...

    @property
    def distances(self) -> Mapping[str, GroupDistance]: ...

    @property
    def foreseen_verdict(self) -> Verdict: ...


def foreseen_checks(first: ForeseenCandidate, remedy: str) -> list[Check]:
    """Whether the first in line is likely to pass; soft, because its gates are yet to judge.
    `remedy`: what to do where it is not. None without a rule.
    """
    rule = tightest_rule(first.distances)
    if rule is None:
        return []
    found = first.distances[rule]
    fits = first.foreseen_verdict.severity <= Verdict.CAUTION.severity
    return [
        Check(
            name="likely_fair",
            claim="A candidate is likely to pass the fairness rules",
            verdict=first.foreseen_verdict,
            statistic=f"{rule}, farthest group out of fold",
            estimate=found.value,
            interval=found.interval,
            threshold=found.limit,
            why=f"{first.title} {FORESEEN_SENTENCES[first.foreseen_verdict]}"
            f"{farthest_gap_text(first.distances)}",
            remedy="" if fits else remedy,
            hard=False,
            accepted=True,
            rows=first.rows,
        )
    ]


_MITIGATE = "Add candidates with mitigate, or with several values of its strength."
_METHOD_NOTE = (
    "Judged on up to {most:,} training rows, each answered by a model that was not fitted to it. "
    "Foreseen is what four of five tests of that many rows would say; unknown, where they differ. "
    "Among those not foreseen to pass, the likeliest to keep all limits come first; nine tenths of "
    "the likeliest's chance count as alike."
)
_DOMINATED_NOTE = (
    "Dominated: another costs no more, and no group is farther off, by the estimates alone. "
    "The farthest of several groups looks farther than it is where groups are small."
)


def _notes(order: Sequence[AssessedCandidate]) -> list[str]:
    most = max(one.rows for one in order)
    fewer = [one for one in order if one.rows < most]
    notes = [_METHOD_NOTE.format(most=most), _DOMINATED_NOTE]
    if fewer:
        named = ", ".join(f"{one.title} ({one.rows:,})" for one in fewer)
        notes.append(f"Of one fold alone, because training takes many fits: {named}.")
    return notes


# --- sheets -----------------------------------------------------------------------------------


def _order_sheet(
    order: Sequence[AssessedCandidate], why: Sequence[str], by: PerformanceMetric
) -> Sheet:
    return Sheet(
        title="In what order the candidates are tried",
        columns=("place", "candidate", f"{by}, cross-validated", "cost a row", "foreseen", "why"),
        rows=tuple(
            (
                place,
                one.title,
                one.cross_validation_score,
                one.cost.value,
                str(one.foreseen_verdict) if one.distances else "",
                reason.split("; ")[-1],
            )
            for place, (one, reason) in enumerate(zip(order, why, strict=True), start=1)
        ),
        note="Until one passes its gates on the test rows.",
    )


def _price_sheet(order: Sequence[AssessedCandidate], rules: Sequence[str]) -> Sheet:
    gaps = [f"gap in {rule_title(rule)}" for rule in rules]
    return Sheet(
        title="What each point of fairness costs",
        columns=("candidate", *gaps, "accuracy", "cost a row", "more than before", "dominated by"),
        rows=tuple(
            (
                one.title,
                *(gap_cell(one.distances.get(rule)) for rule in rules),
                format_estimate(one.accuracy),
                format_estimate(one.cost),
                format_estimate(one.mitigation_cost),
                ", ".join(one.dominated_by),
            )
            for one in order
        ),
        note="Gaps are those of the farthest group, of a ratio what it lacks of one. More than "
        "before: cost a row beyond the same estimator's without mitigation, on the same rows. "
        "Intervals at 95 %, of gaps at the level that their verdict rests on.",
    )


def gap_cell(distance: GroupDistance | None) -> Cell:
    """How far a rule's farthest group is, with its interval."""
    return (
        None if distance is None else format_estimate(Estimate(distance.value, distance.interval))
    )


def format_estimate(estimate: Estimate) -> str:
    """The number and where it may lie: "0.8604 [0.8570, 0.8637]"."""
    low, high = (
        "?" if end is None else f"{end:.4f}"
        for end in (estimate.interval.low, estimate.interval.high)
    )
    return f"{estimate.value:.4f} [{low}, {high}]"


# --- the figure -------------------------------------------------------------------------------


def _figure(order: Sequence[AssessedCandidate], rule: str, cost: ErrorCosts) -> Figure:
    metric = trade_off_score(cost)
    held = [one for one in order if rule in one.distances]
    kinds = {
        "out of fold": [one for one in held if not one.dominated_by],
        "out of fold, dominated": [one for one in held if one.dominated_by],
    }
    limit = held[0].distances[rule].limit
    return Figure(
        title=figure_title(rule),
        kind="scatter",
        series=tuple(
            Series(
                name=name,
                points=tuple(
                    gap_point(one.title, _trade_off_estimate(one, metric), one.distances[rule])
                    for one in some
                ),
            )
            for name, some in kinds.items()
            if some
        ),
        axis=metric if metric == "accuracy" else "cost a row",
        x_axis=f"gap in {rule_title(rule)}",
        x_band=(0.0, limit),
        alt=_figure_alt(held, rule, metric, limit),
    )


def figure_title(rule: str) -> str:
    """The title of a rule's picture."""
    return f"What it costs to close the gap in {rule_title(rule)}"


def _trade_off_estimate(candidate: AssessedCandidate, metric: PerformanceMetric) -> Estimate:
    return candidate.accuracy if metric == "accuracy" else candidate.cost


def gap_point(label: str, estimate: Estimate, gap: GroupDistance) -> Point:
    """A mark with whiskers both ways."""
    return Point(
        label=label,
        value=estimate.value,
        low=estimate.interval.low,
        high=estimate.interval.high,
        x=gap.value,
        x_low=gap.interval.low,
        x_high=gap.interval.high,
    )


def _figure_alt(
    candidates: Sequence[AssessedCandidate], rule: str, metric: PerformanceMetric, limit: float
) -> str:
    widest = max(candidates, key=lambda one: one.distances[rule].value)
    least = min(candidates, key=lambda one: one.distances[rule].value)
    said = [
        f"{one.title} has a gap of {one.distances[rule].value:.3f} and {metric} "
        f"{_trade_off_estimate(one, metric).value:.3f}"
        for one in ([widest] if widest is least else [widest, least])
    ]
    return f"{'; '.join(said)}. A gap up to {limit:g} is allowed."
