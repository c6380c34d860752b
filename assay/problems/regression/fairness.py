"""The fairness gate of amounts: who is estimated too low, and for whom errors are larger."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from assay.config.data import Sensitive, Target
from assay.config.gates import FairnessMetric, FairnessRule
from assay.errors import DataError
from assay.gates.fairness import figures, sheets
from assay.gates.fairness.checks import gap_measurements, limit_checks
from assay.gates.fairness.divisions import FairnessLimit, GroupDivision
from assay.gates.fairness.gaps import MIN_ROWS
from assay.gates.fairness.gate import (
    check_rule_columns,
    judge_limits,
    judgement_notes,
    list_divisions,
    summarize_gaps,
    unlisted_notes,
    weigh_gaps,
)
from assay.gates.fairness.undeclared import undeclared_summaries
from assay.gates.report import Cell, Check, Report, Sheet, Verdict
from assay.gates.statistics.cluster_errors import cluster_rows
from assay.gates.statistics.design_effect import weights_note
from assay.gates.statistics.intervals import Floats
from assay.problems.regression.amount_text import format_amount, with_unit
from assay.problems.regression.answers import read_amounts
from assay.problems.regression.group_measures import (
    GroupAnswers,
    amount_measures,
    divide_answers,
)

_NO_INTERVALS = (
    "The predictions hold no intervals",
    "Limit another metric, or audit a model whose answers have the columns low and high.",
)


def audit_fairness(
    answers: pd.DataFrame,
    rules: Sequence[FairnessRule],
    sensitive: Mapping[str, Sensitive],
    target: Target,
    *,
    subject: str,
    seed: int = 0,
    by: Sequence[str | tuple[str, ...]] | None = None,
    units: pd.Series | None = None,
    weights: Floats | None = None,
    declarations: Sequence[Check] = (),
) -> Report:
    """Judge `answers` against `rules`.

    Answers hold float64 columns `truth` and `prediction` in the target's unit, a column of group
    labels for every sensitive column, and perhaps `low` and `high`. Tabled are, whether or not a
    rule names them, the divisions `by`, each a column or the intersection of several; left out,
    every sensitive column and the intersection of all. `units` says which of the rows belong
    together, and by its name of what they are; where some do, every interval is cluster-robust.
    `weights` says how much each row counts, of a sample whose rows were drawn with unequal chances.

    Raises DataError for columns that are absent or hold what they may not, for a reference group
    that does not exist, for a metric of other questions, and for a ratio of means that may be
    negative.
    """
    check_rule_columns(rules, sensitive)
    unit = target.unit or ""
    held = _read_groups(answers, sensitive, units, weights)
    negative = bool((held.prediction < 0).any())
    measures = amount_measures(unit, negative_predictions=negative)
    check_metrics(rules, list(measures), negative_predictions=negative)
    divisions = {
        columns: divide_answers(held, columns, sensitive, measures)
        for columns in list_divisions(rules, sensitive, by)
    }
    limits = judge_limits(rules, divisions)
    gaps = [check for limit in limits for check in describe_limit(limit, unit)]
    checks = [*gaps, *declarations]
    shown = list(divisions.values())
    return Report(
        gate="fairness",
        subject=subject,
        verdict=weigh_gaps(checks, has_rules=bool(rules)),
        summary=" ".join(
            [summarize_gaps(gaps, rules, sensitive), *undeclared_summaries(declarations)]
        ),
        checks=tuple(checks),
        sheets=tuple(_sheets(limits, shown, unit, seed)),
        figures=tuple(figures.limit_figure(limit) for limit in limits if limit.pairs),
        notes=(
            *judgement_notes(limits, len(answers), held.clusters),
            *unlisted_notes(shown),
            *_heavy_notes(shown),
            *weights_note(weights),
        ),
        measurements=gap_measurements(checks),
    )


def _read_groups(
    answers: pd.DataFrame,
    sensitive: Mapping[str, Sensitive],
    units: pd.Series | None,
    weights: Floats | None,
) -> GroupAnswers:
    if not len(answers):
        raise DataError("there are no predictions to audit")
    name = "predictions"
    truth, prediction = (read_amounts(answers, column, name) for column in ("truth", "prediction"))
    for column in sensitive:
        if column not in answers:
            raise DataError(f"the predictions have no column {column!r}")
        if answers[column].isna().any():
            raise DataError(f"the predictions' column {column!r} holds nulls")
    covered = None
    if "low" in answers and "high" in answers:
        low, high = (read_amounts(answers, column, name) for column in ("low", "high"))
        covered = ((low <= truth) & (truth <= high)).astype(float)
    return GroupAnswers(
        prediction,
        prediction - truth,
        covered,
        answers[list(sensitive)],
        cluster_rows(units, weights),
        weights,
    )


def check_metrics(
    rules: Sequence[FairnessRule], known: Sequence[str], *, negative_predictions: bool
) -> None:
    """Raise DataError for a metric of other questions, and for a ratio of means that may be
    negative.
    """
    for metric, rule in itertools.chain(*([(m, rule) for m in rule.metrics] for rule in rules)):
        if metric not in known:
            raise DataError(
                f"{metric} is no fairness metric of amounts",
                remedy=f"Name one of {', '.join(known)}.",
            )
        if metric == "mean_prediction" and rule.ratio is not None and negative_predictions:
            raise DataError(
                "some predictions are negative, and their means have no ratio",
                remedy="Set a tolerance in place of the ratio.",
            )


# --- what is said -----------------------------------------------------------------------------


def describe_limit(
    limit: FairnessLimit, unit: str, absent: tuple[str, str] = _NO_INTERVALS
) -> list[Check]:
    """The checks of a limit, which say of mean errors who is surely estimated too low or high, and
    of RMSE where a few rows decide it. `absent`: what is seen, and what to do, where the answers do
    not bear the metric.
    """
    found = limit_checks(limit, absent=absent)
    groups = {limit.division.group_name(pair.group): pair.group for pair in limit.pairs}
    told = []
    for check in found:
        group = groups.get(check.group or "")
        if group is not None and limit.metric == "mean_error":
            sides = (group, limit.division.reference)
            seen = [text for one in sides if (text := _side_text(limit.division, one, unit))]
            told.append(check.model_copy(update={"why": "; ".join((check.why, *seen))}))
        elif group is not None and limit.metric == "root_mean_squared_error":
            told.append(_say_heavy(check, limit, group))
        else:
            told.append(check)
    return told


def _side_text(division: GroupDivision, group: str, unit: str) -> str:
    """As in "gender=male is estimated 1.873 dollars an hour too low on average"; empty where the
    group's mean error is not surely on one side.
    """
    at = division.groups.index(group)
    low, high = (float(side[at]) for side in division.limits("mean_error", 0.95))
    if division.rows[at] < MIN_ROWS or not (low > 0 or high < 0):
        return ""
    value = float(division.by_group["mean_error"].iloc[at])
    size, side = with_unit(format_amount(abs(value)), unit), "low" if value < 0 else "high"
    return f"{division.group_name(group)} is estimated {size} too {side} on average"


def _say_heavy(check: Check, limit: FairnessLimit, group: str) -> Check:
    """A check of RMSE that cannot be judged because a few rows decide it says so."""
    division = limit.division
    heavy = [
        division.group_name(name)
        for name in (group, division.reference)
        if division.sums["heavy"][division.groups.index(name)]
    ]
    if not heavy or check.verdict is not Verdict.UNKNOWN:
        return check
    why = f"{check.why}; the largest 1 % of errors decide RMSE for {' and '.join(heavy)}"
    remedy = "Limit mean_absolute_error in its place, or audit on more rows."
    return check.model_copy(update={"why": why, "remedy": remedy})


def _heavy_notes(divisions: Sequence[GroupDivision]) -> list[str]:
    heavy = [
        division.group_name(group)
        for division in divisions
        for group, held in zip(division.groups, division.sums["heavy"], strict=True)
        if held
    ]
    if not heavy:
        return []
    more = f" and {len(heavy) - 3} more" if len(heavy) > 3 else ""
    named = f"{', '.join(heavy[:3])}{more}"
    return [f"RMSE has no interval for {named}: the largest 1 % of errors decide it."]


def _sheets(
    limits: Sequence[FairnessLimit], divisions: Sequence[GroupDivision], unit: str, seed: int
) -> list[Sheet]:
    found = [sheets.limit_sheet(limits, seed)] if limits else []
    found += [group_sheet(division, unit) for division in divisions]
    for division in divisions:
        if len(division.groups) > 1:
            found += [sheets.gap_sheet(division), _extreme_sheet(division)]
        found.append(sheets.metric_sheet(division))
    return found


def group_sheet(division: GroupDivision, unit: str) -> Sheet:
    """Every metric by group with its interval, to be read."""
    columns = [_value_texts(division, metric) for metric in division.metrics]
    words = [division.measures[metric].words for metric in division.metrics]
    counts = {"rows": [int(n) for n in division.rows]}
    if division.clusters is not None and division.clusters.weighted:
        worth = division.clusters.effective_rows("mean_error")
        counts["effective rows"] = [round(float(n)) for n in worth]
    return Sheet(
        title=f"By {division.title}",
        columns=(division.title, *counts, *words),
        rows=tuple(zip(division.groups, *counts.values(), *columns, strict=True)),
        note=f"Each metric with its 95 % interval, in {unit}. Mean error: predicted minus true, "
        f"below 0 where a group is estimated too low. The reference is {division.reference}.",
    )


def _value_texts(division: GroupDivision, metric: FairnessMetric) -> list[Cell]:
    write = division.measures[metric].text
    low, high = division.limits(metric, 0.95)
    return [
        f"{write(value)} ({write(a)} to {write(b)})"
        if np.isfinite([a, b]).all()
        else f"{write(value)} (no interval)"
        for value, a, b in zip(division.by_group[metric], low, high, strict=True)
    ]


def _extreme_sheet(division: GroupDivision) -> Sheet:
    """Fairlearn's summaries: the largest and the smallest value of every metric."""
    rows: list[tuple[Cell, ...]] = []
    for metric in division.metrics:
        values = division.by_group[metric]
        largest, smallest = float(values.max()), float(values.min())
        rows.append(
            (
                metric,
                largest,
                str(values.idxmax()),
                smallest,
                str(values.idxmin()),
                largest - smallest,
                smallest / largest if largest > 0 and smallest >= 0 else None,
            )
        )
    return Sheet(
        title=f"Fairlearn's summaries by {division.title}",
        columns=(
            "metric",
            "largest",
            "largest in",
            "smallest",
            "smallest in",
            "difference",
            "ratio",
        ),
        rows=tuple(rows),
        note="As of a MetricFrame. Small groups make gaps by themselves, so no verdict rests on "
        "these.",
        detail=True,
    )
