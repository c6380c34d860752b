"""The fairness gate's numbers, to be looked up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assay.config.gates import SIGNED_METRICS, FairnessMetric
from assay.gates.fairness.checks import limit_text
from assay.gates.fairness.divisions import FairnessLimit, GroupDivision
from assay.gates.fairness.gaps import MIN_ROWS, permutation_p
from assay.gates.fairness.metrics import metric_words
from assay.gates.fairness.summaries import fairlearn_summaries
from assay.gates.report import Cell, Sheet

MAIN_METRICS: tuple[FairnessMetric, ...] = (
    "selection_rate",
    "true_positive_rate",
    "false_positive_rate",
    "accuracy_score",
    "precision_score",
    "calibration_error",
)
MAX_SHEET_GROUPS = 50  # groups that the long sheets list, the largest first


def limit_sheet(limits: Sequence[FairnessLimit], seed: int) -> Sheet:
    """One row per limit and division: its widest gap, and what chance would do."""
    return Sheet(
        title="Limits",
        columns=("metric", "by", "reference", "limit", "widest gap", "group", "p", "because"),
        rows=tuple(_limit_row(limit, seed) for limit in limits),
        note=f"Widest gap among groups of at least {MIN_ROWS}: a difference to the reference, or a "
        "ratio where that is limited. p: how often chance alone gives so large a difference, were "
        "all groups alike; not corrected, and no part of any verdict.",
    )


def _limit_row(limit: FairnessLimit, seed: int) -> tuple[Cell, ...]:
    judgeable = [pair for pair in limit.pairs if pair.judgeable]
    widest = max(
        judgeable,
        key=lambda p: max(p.gap - p.allowed_gap[1], p.allowed_gap[0] - p.gap),
        default=None,
    )
    outcome = limit.division.outcome
    return (
        f"{limit.metric} ({outcome})" if outcome else limit.metric,
        limit.division.title,
        limit.division.reference,
        limit_text(limit).removesuffix(" of"),
        widest.gap if widest else None,
        widest.group if widest else None,
        permutation_p(judgeable, seed=seed),
        limit.rule.because,
    )


def group_sheet(division: GroupDivision) -> Sheet:
    """Counts by group, and the main metrics with their intervals, to be read."""
    sums, metrics = (
        division.sums,
        [metric for metric in MAIN_METRICS if metric in division.by_group],
    )
    positives, selected = sums["tp"] + sums["fn"], sums["tp"] + sums["fp"]
    rows = division.rows
    shown = [format_with_intervals(division, metric) for metric in metrics]
    of, worth = division.clusters, []
    if of is not None and of.weighted:
        positives, selected = of.rows("true_positive_rate"), of.rows("precision_score")
        worth = [[round(float(n)) for n in of.effective_rows("accuracy_score")]]
    counts = [[int(n) for n in column] for column in (rows, positives, selected)]
    counts = [counts[0], *worth, *counts[1:]]
    titles = ("rows", *(["effective rows"] if worth else []), "positives", "selected")
    return Sheet(
        title=f"By {division.title}",
        columns=(division.title, *titles, *map(metric_words, metrics)),
        rows=tuple(zip(division.groups, *counts, *shown, strict=True)),
        note=f"Each metric with its 95 % interval. The reference is {division.reference}.",
    )


def format_with_intervals(division: GroupDivision, metric: FairnessMetric) -> list[str | None]:
    """A metric of every group with its interval at 95 %, as text; None where it is undefined."""
    low, high = division.limits(metric, 0.95)
    sign = "+" if metric in SIGNED_METRICS else ""
    return [
        None if np.isnan(value) else f"{value:{sign}.3f} ({a:{sign}.3f} to {b:{sign}.3f})"
        for value, a, b in zip(division.by_group[metric], low, high, strict=True)
    ]


def metric_sheet(division: GroupDivision) -> Sheet:
    """Every metric of every group, with its interval."""
    rows: list[tuple[Cell, ...]] = []
    for metric in division.metrics:
        low, high = division.limits(metric, 0.95)
        over = division.rows_of(metric)
        values = division.by_group[metric].to_numpy(float)
        rows += [
            (metric, group, int(over[i]), *_cells(values[i], low[i], high[i]))
            for i, group in enumerate(division.groups[:MAX_SHEET_GROUPS])
        ]
    return Sheet(
        title=f"All metrics by {division.title}",
        columns=("metric", division.title, "over", "value", "low", "high"),
        rows=tuple(rows),
        note="Limits at 95 %. over: rows that the metric is measured over."
        + _left_out_text(division),
        detail=True,
    )


def gap_sheet(division: GroupDivision) -> Sheet:
    """Every metric's gap to the reference, as a difference and as a ratio."""
    rows: list[tuple[Cell, ...]] = []
    base = division.groups.index(division.reference)
    for metric in division.metrics:
        values = division.by_group[metric].to_numpy(float)
        difference, ratio = (division.gap_limits(metric, ratio=ratio) for ratio in (False, True))
        no_ratio = metric in SIGNED_METRICS or not values[base] > 0
        rows += [
            (
                metric,
                group,
                *_cells(values[i] - values[base], difference[0][i], difference[1][i]),
                *(
                    _NONE
                    if no_ratio
                    else _cells(values[i] / values[base], ratio[0][i], ratio[1][i])
                ),
            )
            for i, group in enumerate(division.groups[:MAX_SHEET_GROUPS])
            if i != base
        ]
    return Sheet(
        title=f"Gaps by {division.title}",
        columns=(
            *("metric", division.title, "difference", "low", "high"),
            *("ratio", "ratio low", "ratio high"),
        ),
        rows=tuple(rows),
        note=f"To {division.reference}. Limits at 95 %, each by itself: among many, some miss by "
        "chance." + _left_out_text(division),
    )


def summary_sheet(division: GroupDivision, seed: int) -> Sheet:
    """Fairlearn's summaries, beside what chance makes of them."""
    return Sheet(
        title=f"Fairlearn's summaries by {division.title}",
        columns=("summary", "value", "low", "high", "by chance"),
        rows=tuple(
            (s.name, *_cells(s.value, s.low, s.high), _cell(s.by_chance))
            for s in fairlearn_summaries(division, seed=seed)
        ),
        note="Over all groups where the metric is defined. Limits at 95 %, from intervals that hold"
        " for all groups at once. By chance: the mean over up to 1,000 draws of groups that are all"
        " alike; small groups make gaps by themselves, so no verdict rests on these.",
        detail=True,
    )


_NONE = (None, None, None)


def _cells(value: float, low: float, high: float) -> tuple[Cell, ...]:
    if np.isnan(value):
        return _NONE
    return _cell(value), _cell(low), _cell(high)


def _cell(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _left_out_text(division: GroupDivision) -> str:
    left = len(division.groups) - MAX_SHEET_GROUPS
    return f" {left:,} smaller groups are left out." if left > 0 else ""
