"""Could the test rows show that no gap between groups is as large as the fairness rules forbid?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.config.gates import FairnessRule
from assay.config.use_case import UseCase
from assay.gates.fairness.gaps import ALPHA
from assay.gates.feasibility.group_power import GroupLabels, divide_labels
from assay.gates.report import Check, Figure, Point, Series, Sheet, Verdict
from assay.problems.regression.amount_rows import MEAN, AmountRows
from assay.util.wording import format_rounded_up, is_reportable_count

POWER = 0.8  # of a model without any gap to pass
SHOWN = 3


@dataclass(frozen=True, slots=True)
class PlannedMetric:
    """What a metric is in all rows, and the standard deviation of a row's part in it."""

    value: float
    spread: float


@dataclass(frozen=True, slots=True)
class GroupGap:
    """One group under one rule: its rows of all the data, the smallest gap that the test rows would
    rule out, and how many more rows of it would do; None where these alone would not.
    """

    group: str
    rows: int
    gap: float | None
    more_rows: float | None


def plan_metrics(data: AmountRows) -> dict[str, float]:
    """Moments of the quick learner's errors, as JSON: what gaps are planned with."""
    answers = data.answers(MEAN)
    error = answers - data.labels
    return {
        "mean_error": float(error.mean()),
        "mean_error_spread": float(error.std()),
        "mean_absolute_error": float(np.abs(error).mean()),
        "mean_absolute_error_spread": float(np.abs(error).std()),
        "mean_squared_error": float((error**2).mean()),
        "mean_squared_error_spread": float((error**2).std()),
        "mean_prediction": float(answers.mean()),
        "mean_prediction_spread": float(answers.std()),
    }


def check_group_power(
    moments: Mapping[str, float], labels: pd.DataFrame, use_case: UseCase
) -> tuple[list[Check], list[Sheet], list[Figure]]:
    """One check per fairness rule and division, a sheet and a figure per rule.

    A group has rows enough if a model without any gap would pass in four of five tests: by normal
    intervals of means of test rows, with the quick learner's errors alike in all groups, Bonferroni
    over all pairs of all rules. `labels` has a column of group labels for each sensitive column.
    """
    planned = [
        (rule, plan) for rule in use_case.fairness if (plan := _plan(rule, moments, use_case))
    ]
    divided = [[divide_labels(labels, by, use_case) for by in rule.by] for rule, _ in planned]
    pairs = sum(d.labels.nunique() - 1 for divisions in divided for d in divisions)
    level = ALPHA / max(pairs, 1)
    checks, sheets, figures = [], [], []
    for (rule, plan), divisions in zip(planned, divided, strict=True):
        limit = rule.difference_at(plan.value)
        found = [(d, _group_gaps(plan, limit, d, use_case, level)) for d in divisions]
        checks += [_check(rule, limit, d, gaps, use_case) for d, gaps in found]
        sheets.append(_sheet(rule, limit, found))
        figures.append(_figure(rule, limit, found))
    return checks, sheets, figures


def _plan(
    rule: FairnessRule, moments: Mapping[str, float], use_case: UseCase
) -> PlannedMetric | None:
    if rule.metric == "interval_coverage":
        share = use_case.performance.coverage
        return PlannedMetric(share, math.sqrt(share * (1 - share)))
    if rule.metric == "root_mean_squared_error":
        root = math.sqrt(moments["mean_squared_error"])
        spread = moments["mean_squared_error_spread"] / (2 * root) if root > 0 else 0.0
        return PlannedMetric(root, spread)
    if rule.metric not in moments:
        return None
    return PlannedMetric(moments[rule.metric], moments[f"{rule.metric}_spread"])


def _group_gaps(
    plan: PlannedMetric, limit: float, division: GroupLabels, use_case: UseCase, level: float
) -> list[GroupGap]:
    from scipy.stats import norm

    share = use_case.split.test
    widths = float(norm.ppf(1 - level / 2) + norm.ppf((1 + POWER) / 2))
    counts = division.labels.value_counts()
    reference = float(counts.get(division.reference, 0)) * share
    found = []
    for group, total in counts.items():
        if group == division.reference:
            continue
        rows = float(total) * share
        gap = None
        if min(rows, reference) > 0:
            gap = widths * plan.spread * math.sqrt(1 / rows + 1 / reference)
        room = (limit / (widths * plan.spread)) ** 2 if plan.spread > 0 else math.inf
        room -= 1 / reference if reference > 0 else math.inf
        more = max(1 / room - rows, 0.0) / share if room > 0 else None
        found.append(GroupGap(str(group), int(total), gap, more))
    return sorted(found, key=lambda g: (-math.inf if g.gap is None else -g.gap, g.group))


def _check(
    rule: FairnessRule,
    limit: float,
    division: GroupLabels,
    gaps: Sequence[GroupGap],
    use_case: UseCase,
) -> Check:
    weak = [g for g in gaps if g.gap is None or g.gap > limit]
    known = [g.gap for g in gaps if g.gap is not None]
    unit = "" if rule.metric == "interval_coverage" else f" {use_case.data.target.unit}"
    told = [
        f"{g.group} ({g.rows:,} rows) "
        + ("is not judged" if g.gap is None else f"could rule out gaps from {g.gap:.3g}{unit}")
        for g in weak[:SHOWN]
    ]
    more = f", and {len(weak) - SHOWN} more" if len(weak) > SHOWN else ""
    why = f"Every group has enough rows against {division.reference}."
    if not gaps:
        why = f"There is one group only, {division.reference}: nothing to compare."
    elif weak:
        why = f"{len(weak)} of {len(gaps)} groups are too small: {'; '.join(told)}{more}."
    return Check(
        name=f"group_power[{rule.metric},{division.title}]",
        claim=f"The test rows could show that {rule.metric} by {division.title} has no gap beyond"
        f" {limit:.4g}{unit}",
        verdict=Verdict.CAUTION if weak else Verdict.PASS,
        statistic="largest of the gaps that a group could just rule out",
        estimate=max(known) if known and len(known) == len(gaps) else None,
        threshold=limit,
        why=why,
        remedy=_remedy(weak, division) if weak else "",
        hard=False,
        rows=min((g.rows for g in gaps), default=None),
    )


def _remedy(weak: Sequence[GroupGap], division: GroupLabels) -> str:
    told = [
        f"about {format_rounded_up(g.more_rows)} more rows of {division.title}={g.group}"
        for g in weak[:SHOWN]
        if g.more_rows is not None and is_reportable_count(g.more_rows)
    ]
    if not told:
        return (
            f"Add rows of these groups and of {division.title}={division.reference}; or merge"
            " groups; or widen the tolerance."
        )
    return f"Add {', '.join(told)}; or merge groups; or widen the tolerance."


def _sheet(
    rule: FairnessRule, limit: float, found: Sequence[tuple[GroupLabels, Sequence[GroupGap]]]
) -> Sheet:
    rows = tuple(
        (
            f"{d.title}={g.group}",
            g.rows,
            g.gap,
            None if g.more_rows is None else math.ceil(g.more_rows),
        )
        for d, gaps in found
        for g in gaps
    )
    return Sheet(
        title=f"Smallest detectable gaps in {rule.metric}",
        columns=("group", "rows", "gap ruled out", "more needed"),
        rows=rows,
        note=f"Tolerance {limit:.4g}. A model without any gap passes a tolerance as large as the"
        " gap ruled out in four of five tests, if its errors are those of the quick learner. Empty:"
        " nothing is judged, or this group's rows alone would not do.",
    )


def _figure(
    rule: FairnessRule, limit: float, found: Sequence[tuple[GroupLabels, Sequence[GroupGap]]]
) -> Figure:
    weak = sum(g.gap is None or g.gap > limit for _, gaps in found for g in gaps)
    total = sum(len(gaps) for _, gaps in found)
    return Figure(
        title=f"Smallest detectable gaps in {rule.metric}",
        kind="bars",
        series=tuple(
            Series(name=d.title, points=tuple(Point(label=g.group, value=g.gap) for g in gaps))
            for d, gaps in found
        ),
        axis="gap",
        reference=limit,
        alt=f"{weak} of {total} groups could not rule out a gap as small as the tolerance"
        f" {limit:.4g}.",
    )
