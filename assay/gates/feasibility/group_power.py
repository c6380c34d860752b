"""Check 6: could the test rows show a gap as large as the fairness rules forbid?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from assay.config.gates import RateMetric
from assay.config.use_case import UseCase
from assay.dataset.groups import group_labels, intersect_groups, reference_group
from assay.gates.confusion_cells import RATE_DEFINITIONS, intersection_reference
from assay.gates.report import Check, Figure, Point, Series, Sheet, Verdict
from assay.gates.statistics.intervals import Bools
from assay.gates.statistics.proportions import detectable_gap, rows_to_detect
from assay.util.wording import format_rounded_up

ALPHA = 0.05
POWER = 0.8
SHOWN = 3  # groups that a check's words name; the sheet has them all


@dataclass(frozen=True, slots=True)
class RateTolerance:
    """One share that a fairness rule holds to a limit, as a difference."""

    metric: RateMetric
    by: tuple[str | tuple[str, ...], ...]
    tolerance: float


@dataclass(frozen=True, slots=True)
class GroupPower:
    """One group under one rule. Rows are those of the metric's denominator, in all the data."""

    group: str
    rows: int
    reference_rows: int
    gap: float | None  # the smallest that the test rows would notice; None if they notice none
    more_rows: int | None  # rows to add so that it would be the tolerance; None if none suffice


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
    truth: Bools, labels: pd.DataFrame, use_case: UseCase
) -> tuple[list[Check], list[Sheet], list[Figure]]:
    """One check per share that a fairness rule names and division, a sheet and a figure per share.

    `labels` has a column of group labels for each sensitive column, beside the `truth`. Rules on
    metrics that are no shares of rows cannot be planned for and have none. Two-sided z-tests at
    power 0.8, Bonferroni over all pairs of all rules: the first, hardest step of the Holm procedure
    by which the fairness gate judges.
    """
    rules = _rate_tolerances(truth, use_case)
    divided = [[_divide_labels(labels, by, use_case) for by in rule.by] for rule in rules]
    pairs = sum(d.labels.nunique() - 1 for division in divided for d in division)
    plan = PowerPlan(truth, use_case.split.test, ALPHA / max(pairs, 1))
    checks, sheets, figures = [], [], []
    for rule, divisions in zip(rules, divided, strict=True):
        found = [(d, _group_powers(plan, rule, d)) for d in divisions]
        checks += [_check(rule, d, powers) for d, powers in found]
        sheets.append(_sheet(rule, found))
        figures.append(_figure(rule, found))
    return checks, sheets, figures


def _rate_tolerances(truth: Bools, use_case: UseCase) -> list[RateTolerance]:
    return [
        RateTolerance(metric, rule.by, rule.difference_at(_planned_rate(truth, metric)))
        for rule in use_case.fairness
        for metric in cast(list[RateMetric], [m for m in rule.metrics if m in RATE_DEFINITIONS])
    ]


def sensitive_labels(frame: pd.DataFrame, use_case: UseCase) -> pd.DataFrame:
    """Group labels of every declared sensitive column. Raises DataError for too many groups."""
    declared = use_case.data.sensitive
    columns = {name: group_labels(frame[name], how, name) for name, how in declared.items()}
    return pd.DataFrame(columns, index=frame.index)


def _divide_labels(
    labels: pd.DataFrame, by: str | tuple[str, ...], use_case: UseCase
) -> GroupLabels:
    names = (by,) if isinstance(by, str) else by
    sensitive = use_case.data.sensitive
    references = [reference_group(labels[name], sensitive[name], name) for name in names]
    together = labels[names[0]] if len(names) == 1 else intersect_groups([labels[n] for n in names])
    reference = intersection_reference(together.value_counts(), references)
    return GroupLabels(" & ".join(names), together, reference, len(names) > 1)


def _group_powers(plan: PowerPlan, rule: RateTolerance, division: GroupLabels) -> list[GroupPower]:
    counted = _denominators(plan.truth, rule, division)
    share, alpha = plan.share, plan.alpha
    rate = _planned_rate(plan.truth, rule.metric)
    reference = int(counted.get(division.reference, 0))
    found = []
    for group, total in counted.items():
        if group == division.reference:
            continue
        rows = int(total)
        gap = detectable_gap(rows * share, reference * share, rate=rate, alpha=alpha, power=POWER)
        more = None
        if gap is None or gap > rule.tolerance:
            needed = rows_to_detect(
                rule.tolerance, reference * share, rate=rate, alpha=alpha, power=POWER
            )
            more = None if needed is None else max(math.ceil(needed / share) - rows, 1)
        found.append(GroupPower(str(group), rows, reference, gap, more))
    return sorted(found, key=lambda p: (-math.inf if p.gap is None else -p.gap, p.group))


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
    unit = RATE_DEFINITIONS[rule.metric].unit
    unit = "positives" if unit == "selected rows" else unit
    weak = [p for p in powers if p.gap is None or p.gap > rule.tolerance]
    empty = [p for p in powers if min(p.rows, p.reference_rows) == 0]
    gaps = [p.gap for p in powers if p.gap is not None]
    verdict = Verdict.PASS
    if weak:
        verdict = Verdict.FAIL if empty and not division.is_joint else Verdict.CAUTION
    return Check(
        name=f"group_power[{rule.metric},{division.title}]",
        claim=f"The test rows could show a gap of {rule.tolerance:g} in {rule.metric}"
        f" by {division.title}",
        verdict=verdict,
        statistic="largest of the groups' smallest detectable gaps",
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
        return f"All {len(powers)} groups have enough {unit} against {division.reference}."
    if weak[0].reference_rows == 0:
        return f"The reference group {division.reference} has no {unit}: no gap to it can be shown."
    told = [
        f"{p.group} ({p.rows:,} {unit}) shows "
        + ("no gap at all" if p.gap is None else f"gaps from {p.gap:.2f}")
        for p in weak[:SHOWN]
    ]
    return f"Too small are {len(weak)} of {len(powers)} groups: {'; '.join(told)}{_and_more_text(weak)}."


def _remedy(weak: Sequence[GroupPower], division: GroupLabels, unit: str) -> str:
    if not weak:
        return ""
    if all(p.more_rows is None for p in weak):
        return f"Add {unit} to the reference group {division.title}={division.reference}."
    told = [
        f"about {format_rounded_up(p.more_rows)} more {unit} in group {division.title}={p.group}"
        for p in weak[:SHOWN]
        if p.more_rows is not None
    ]
    return f"Add {', '.join(told)}{_and_more_text(weak)}; or merge groups; or widen the tolerance."


def _and_more_text(weak: Sequence[GroupPower]) -> str:
    return f", and {len(weak) - SHOWN} more" if len(weak) > SHOWN else ""


def _sheet(rule: RateTolerance, found: Sequence[tuple[GroupLabels, Sequence[GroupPower]]]) -> Sheet:
    unit = RATE_DEFINITIONS[rule.metric].unit
    unit = "positives" if unit == "selected rows" else unit
    rows = tuple(
        (f"{d.title}={p.group}", p.rows, p.gap, p.more_rows) for d, ps in found for p in ps
    )
    return Sheet(
        title=f"Smallest detectable gaps in {rule.metric}",
        columns=("group", unit, "detectable gap", "more needed"),
        rows=rows,
        note=f"Tolerance {rule.tolerance:g}. Gaps are to the reference group, on the test rows, at"
        f" power {POWER:g}. Empty: no gap is detectable, or no number of rows would do.",
    )


def _figure(
    rule: RateTolerance, found: Sequence[tuple[GroupLabels, Sequence[GroupPower]]]
) -> Figure:
    series = tuple(
        Series(name=d.title, points=tuple(Point(label=p.group, value=p.gap) for p in powers))
        for d, powers in found
    )
    weak = sum(p.gap is None or p.gap > rule.tolerance for _, ps in found for p in ps)
    total = sum(len(powers) for _, powers in found)
    return Figure(
        title=f"Smallest detectable gaps in {rule.metric}",
        kind="bars",
        series=series,
        axis="gap",
        reference=rule.tolerance,
        alt=f"{weak} of {total} groups could not show a gap as small as the tolerance"
        f" {rule.tolerance:g}.",
    )
