"""Check 6: could the test rows show that no gap is as large as the fairness rules forbid?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from assay.config.gates import FairnessRule, RateMetric
from assay.config.use_case import UseCase
from assay.dataset.groups import group_labels, intersect_groups, reference_group
from assay.gates.confusion_cells import RATE_DEFINITIONS, intersection_reference
from assay.gates.fairness.gaps import ALPHA, RowsToDecide
from assay.gates.fairness.planned_pairs import PlannedPair, rows_to_pass, smallest_passing_gap
from assay.gates.report import Check, Figure, Point, Series, Sheet, Verdict
from assay.gates.statistics.intervals import Bools
from assay.util.wording import format_rounded_up

SHOWN = 3  # groups that a check's words name; the sheet has them all


@dataclass(frozen=True, slots=True)
class RateTolerance:
    """One share that a fairness rule holds to a limit, as a difference."""

    metric: RateMetric
    rule: FairnessRule
    tolerance: float  # the limit as a difference, at the share that is planned with
    outcome: str = ""  # of several outcomes, the one that is held against the rest

    @property
    def title(self) -> str:
        """The metric, and of which outcome."""
        return f"{self.metric} of {self.outcome}" if self.outcome else self.metric

    @property
    def key(self) -> str:
        """The same for machines."""
        return f"{self.metric},{self.outcome}" if self.outcome else self.metric

    @property
    def counted(self) -> str:
        """What is counted in each group, in words. What a model will select is not known yet: about
        as many as are positive.
        """
        unit = RATE_DEFINITIONS[self.metric].unit
        unit = "positives" if unit == "selected rows" else unit
        if not self.outcome:
            return unit
        named = {
            "positives": f"rows that are {self.outcome}",
            "negatives": f"rows that are not {self.outcome}",
        }
        return named.get(unit, unit)


@dataclass(frozen=True, slots=True)
class GroupPower:
    """One group under one rule. Rows are those of the metric's denominator, in all the data."""

    group: str
    rows: int
    reference_rows: int
    gap: float | None  # the smallest that the gate would rule out; None if it judges nothing
    requirement: RowsToDecide  # what is lacking, in rows of all the data


@dataclass(frozen=True, slots=True)
class GroupLabels:
    """The people divided by one sensitive column, or by several at once."""

    title: str
    labels: pd.Series
    reference: str
    is_joint: bool


@dataclass(frozen=True, slots=True, eq=False)
class PowerPlan:
    """All outcomes, the share of them that is to be the test, and the level of one pair."""

    truth: Bools
    share: float
    alpha: float


def check_group_power(
    truth: Bools,
    labels: pd.DataFrame,
    use_case: UseCase,
    *,
    outcome: str = "",
    rules: Sequence[tuple[FairnessRule, RateMetric]] | None = None,
    outcomes: int = 1,
) -> tuple[list[Check], list[Sheet], list[Figure]]:
    """One check per share that a fairness rule names and division, a sheet and a figure per share.

    `labels` has a column of group labels for each sensitive column, beside the `truth`. Rules on
    metrics that are no shares of rows cannot be planned for and have none. A group has rows enough
    if the fairness gate would pass four of five models without any gap; the rows it lacks are those
    that the gate itself would ask for (`rows_to_decide`). Levels are Bonferroni's over all pairs of
    all rules: the first, hardest step of the Holm procedure by which the gate judges.

    Of several outcomes it judges one against the rest, by its name: `truth` says where that is it,
    and `rules` are those that apply. Then the rules of all `outcomes` share the level.
    """
    limits = _rate_tolerances(truth, use_case, rules, outcome)
    divided = [[divide_labels(labels, by, use_case) for by in one.rule.by] for one in limits]
    pairs = outcomes * sum(d.labels.nunique() - 1 for division in divided for d in division)
    plan = PowerPlan(truth, use_case.split.test, ALPHA / max(pairs, 1))
    checks, sheets, figures = [], [], []
    for rule, divisions in zip(limits, divided, strict=True):
        found = [(d, _group_powers(plan, rule, d)) for d in divisions]
        checks += [_check(rule, d, powers) for d, powers in found]
        sheets.append(_sheet(rule, found))
        figures.append(_figure(rule, found))
    return checks, sheets, figures


def rate_rules(use_case: UseCase) -> list[tuple[FairnessRule, RateMetric]]:
    """The fairness rules with each of the shares of rows that they limit."""
    return [
        (rule, metric)
        for rule in use_case.fairness
        for metric in cast(list[RateMetric], [m for m in rule.metrics if m in RATE_DEFINITIONS])
    ]


def _rate_tolerances(
    truth: Bools,
    use_case: UseCase,
    rules: Sequence[tuple[FairnessRule, RateMetric]] | None,
    outcome: str,
) -> list[RateTolerance]:
    return [
        RateTolerance(metric, rule, rule.difference_at(_planned_rate(truth, metric)), outcome)
        for rule, metric in (rate_rules(use_case) if rules is None else rules)
    ]


def sensitive_labels(frame: pd.DataFrame, use_case: UseCase) -> pd.DataFrame:
    """Group labels of every declared sensitive column. Raises DataError for too many groups."""
    declared = use_case.data.sensitive
    columns = {name: group_labels(frame[name], how, name) for name, how in declared.items()}
    return pd.DataFrame(columns, index=frame.index)


def divide_labels(
    labels: pd.DataFrame, by: str | tuple[str, ...], use_case: UseCase
) -> GroupLabels:
    """The people divided as a rule says, and the group that others are compared with."""
    names = (by,) if isinstance(by, str) else by
    sensitive = use_case.data.sensitive
    references = [reference_group(labels[name], sensitive[name], name) for name in names]
    together = labels[names[0]] if len(names) == 1 else intersect_groups([labels[n] for n in names])
    reference = intersection_reference(together.value_counts(), references)
    return GroupLabels(" & ".join(names), together, reference, len(names) > 1)


def _group_powers(plan: PowerPlan, rule: RateTolerance, division: GroupLabels) -> list[GroupPower]:
    counted = _denominators(plan.truth, rule, division)
    reference = int(counted.get(division.reference, 0))
    rate = _planned_rate(plan.truth, rule.metric)
    found = []
    for group, total in counted.items():
        if group == division.reference:
            continue
        rows = int(total)
        planned = PlannedPair(
            metric=rule.metric,
            rows=rows * plan.share,
            reference_rows=reference * plan.share,
            rate=rate,
            tolerance=rule.rule.tolerance,
            ratio=rule.rule.ratio,
        )
        gap = smallest_passing_gap(planned)
        short = gap is None or gap > rule.tolerance
        needed = rows_to_pass(planned, 1 - plan.alpha) if short else RowsToDecide()
        found.append(GroupPower(str(group), rows, reference, gap, _in_all_rows(needed, plan)))
    return sorted(found, key=lambda p: (-math.inf if p.gap is None else -p.gap, p.group))


def _in_all_rows(requirement: RowsToDecide, plan: PowerPlan) -> RowsToDecide:
    """Test rows as rows of all the data, of which the test is a share."""
    more, both = requirement.more_rows, requirement.rows_of_both
    return RowsToDecide(
        more_rows=None if more is None else math.ceil(more / plan.share),
        rows_of_both=None
        if both is None
        else (math.ceil(both[0] / plan.share), math.ceil(both[1] / plan.share)),
    )


def _denominators(truth: np.ndarray, rule: RateTolerance, division: GroupLabels) -> pd.Series:
    """Rows, positives or negatives of each group, after what the metric is a share of."""
    unit = RATE_DEFINITIONS[rule.metric].unit
    counts = ~truth if unit == "negatives" else np.ones_like(truth) if unit == "rows" else truth
    # What a model will select is not known yet: about as many as are positive.
    return pd.Series(counts, index=division.labels.index).groupby(division.labels).sum()


def _planned_rate(truth: np.ndarray, metric: RateMetric) -> float:
    """The reference's share to plan with. Models' rates are unknown: one half needs most rows."""
    return float(truth.mean()) if metric == "selection_rate" else 0.5


def _check(rule: RateTolerance, division: GroupLabels, powers: Sequence[GroupPower]) -> Check:
    unit = rule.counted
    weak = [p for p in powers if p.gap is None or p.gap > rule.tolerance]
    empty = [p for p in powers if min(p.rows, p.reference_rows) == 0]
    gaps = [p.gap for p in powers if p.gap is not None]
    verdict = Verdict.PASS
    if weak:
        verdict = Verdict.FAIL if empty and not division.is_joint else Verdict.CAUTION
    return Check(
        name=f"group_power[{rule.key},{division.title}]",
        claim=f"The test rows could show that {rule.title} by {division.title} has no gap"
        f" beyond {rule.tolerance:g}",
        verdict=verdict,
        statistic="largest of the gaps that a group could just rule out",
        estimate=max(gaps) if gaps and len(gaps) == len(powers) else None,
        threshold=rule.tolerance,
        why=_why(weak, powers, division, unit),
        remedy=_remedy(weak, division, unit),
        hard=False,
        rows=min((p.rows for p in powers), default=None),
    )


def _why(
    weak: Sequence[GroupPower], powers: Sequence[GroupPower], division: GroupLabels, unit: str
) -> str:
    if not powers:
        return f"There is one group only, {division.reference}: nothing to compare."
    if not weak:
        return f"Every group has enough {unit} against {division.reference}."
    if weak[0].reference_rows == 0:
        return f"The reference group {division.reference} has no {unit}: no gap to it can be shown."
    told = [
        f"{p.group} ({p.rows:,} {unit}) "
        + ("is not judged" if p.gap is None else f"could rule out gaps from {p.gap:.2f}")
        for p in weak[:SHOWN]
    ]
    return (
        f"{len(weak)} of {len(powers)} groups are too small: {'; '.join(told)}"
        f"{_and_more_text(weak)}."
    )


def _remedy(weak: Sequence[GroupPower], division: GroupLabels, unit: str) -> str:
    if not weak:
        return ""
    told = [text for p in weak[:SHOWN] if (text := _needed_text(p, division, unit))]
    if not told:
        return f"Add {unit} to the reference group {division.title}={division.reference}."
    return f"Add {', '.join(told)}{_and_more_text(weak)}; or merge groups; or widen the tolerance."


def _needed_text(power: GroupPower, division: GroupLabels, unit: str) -> str:
    group = f"{unit} in group {division.title}={power.group}"
    if power.requirement.more_rows is not None:
        return f"about {format_rounded_up(power.requirement.more_rows)} more {group}"
    if power.requirement.rows_of_both is None:
        return ""
    own, base = power.requirement.rows_of_both
    more = format_rounded_up(max(own - power.rows, 1))
    of_reference = format_rounded_up(max(base - power.reference_rows, 1))
    return f"about {more} more {group} and {of_reference} in {division.reference}"


def _and_more_text(weak: Sequence[GroupPower]) -> str:
    return f", and {len(weak) - SHOWN} more" if len(weak) > SHOWN else ""


def _sheet(
    rule: RateTolerance, group_powers: Sequence[tuple[GroupLabels, Sequence[GroupPower]]]
) -> Sheet:
    rows = tuple(
        (f"{d.title}={p.group}", p.rows, p.gap, p.requirement.more_rows)
        for d, ps in group_powers
        for p in ps
    )
    return Sheet(
        title=f"Smallest detectable gaps in {rule.title}",
        columns=("group", rule.counted, "gap ruled out", "more needed"),
        rows=rows,
        note=f"Tolerance {rule.tolerance:g}. A model without any gap passes a tolerance as large as"
        " the gap ruled out in four of five tests. Empty: nothing is judged, or this group's rows"
        " alone would not do.",
    )


def _figure(
    rule: RateTolerance, group_powers: Sequence[tuple[GroupLabels, Sequence[GroupPower]]]
) -> Figure:
    series = tuple(
        Series(name=d.title, points=tuple(Point(label=p.group, value=p.gap) for p in powers))
        for d, powers in group_powers
    )
    weak = sum(p.gap is None or p.gap > rule.tolerance for _, ps in group_powers for p in ps)
    total = sum(len(powers) for _, powers in group_powers)
    return Figure(
        title=f"Smallest detectable gaps in {rule.title}",
        kind="bars",
        series=series,
        axis="gap",
        reference=rule.tolerance,
        alt=f"{weak} of {total} groups could not rule out a gap as small as the tolerance"
        f" {rule.tolerance:g}.",
    )
