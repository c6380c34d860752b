"""Fairlearn's summaries over all groups: the largest difference, the smallest ratio, the worst.

They are what many people know and ask for, and no verdict rests on them: the difference between
the largest and the smallest of several noisy rates is large even where all groups are alike. So
each is shown beside what chance alone would make of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np

from assay.config.gates import METRIC_FAMILIES, FairnessMetric
from assay.gates.confusion_cells import CONFUSION_KINDS
from assay.gates.fairness.divisions import GroupDivision
from assay.gates.fairness.metrics import DECISION_METRICS, MEASURES
from assay.gates.statistics.intervals import Floats, Limits

DRAWS = 1000
MAX_DRAWN_CELLS = 10**6  # groups times draws: bounds the memory
LEVEL = 0.95
Aggregation = Literal["difference", "ratio", "group_min", "group_max"]

_COMPARED = (
    "true_positive_rate",
    "true_negative_rate",
    "false_positive_rate",
    "false_negative_rate",
    "selection_rate",
    "accuracy_score",
    "zero_one_loss",
)
_LEAST = (
    "accuracy_score",
    "balanced_accuracy_score",
    "precision_score",
    "recall_score",
    "roc_auc_score",
    "r2_score",
    "f1_score",
)
_MOST = ("zero_one_loss", "mean_absolute_error", "mean_squared_error", "log_loss")
_CRITERIA = ("demographic_parity", "equal_opportunity", "equalized_odds")
SUMMARIES: dict[str, tuple[str, Aggregation]] = {
    f"{name}_{way}": (name, cast(Aggregation, way))
    for names, ways in (
        ((*_CRITERIA, *_COMPARED), ("difference", "ratio")),
        (_LEAST, ("group_min",)),
        (_MOST, ("group_max",)),
    )
    for name in names
    for way in ways
}


@dataclass(frozen=True, slots=True)
class FairlearnSummary:
    """One of Fairlearn's functions, by its name; NaN where it is not defined."""

    name: str
    value: float
    low: float
    high: float
    by_chance: float  # the mean, were all groups alike; NaN for metrics of probabilities


def fairlearn_summaries(division: GroupDivision, *, seed: int = 0) -> list[FairlearnSummary]:
    """Every summary whose metrics the predictions bear, over all groups where these are defined.

    Limits at 95 %, by limits of the groups that hold for all of them at once (Sidak, J. Am. Stat.
    Assoc. 62, 1967; groups are independent): whatever the true rates, the true summary lies within
    at least as often as stated.
    """
    drawn = _draw_alike_groups(division, seed)
    found = []
    for name, (metric, way) in SUMMARIES.items():
        parts = METRIC_FAMILIES.get(metric, (cast(FairnessMetric, metric),))
        if any(part not in division.by_group for part in parts):
            continue
        value = _worst_of_metrics(
            way, [_aggregate_groups(way, division.by_group[p].to_numpy(float)) for p in parts]
        )
        limits = [_summary_limits(division, part, way, len(parts)) for part in parts]
        low, high = (float(_worst_of_metrics(way, [side[i] for side in limits])) for i in (0, 1))
        known = [part for part in parts if part in drawn]
        chance = np.nan
        if known and len(division.groups) > 1:
            chance = float(
                np.mean(_worst_of_metrics(way, [_aggregate_groups(way, drawn[p]) for p in known]))
            )
        found.append(FairlearnSummary(name, float(value), low, high, chance))
    return found


def _worst_of_metrics(way: Aggregation, metric_values: list[Floats]) -> Floats:
    """Of several metrics: the largest difference, the smallest ratio."""
    return np.asarray(
        (np.maximum if way in ("difference", "group_max") else np.minimum).reduce(metric_values)
    )


def _aggregate_groups(way: Aggregation, values: Floats) -> Floats:
    """Over the last axis, without those undefined."""
    most, least = np.fmax.reduce(values, axis=-1), np.fmin.reduce(values, axis=-1)
    return _combine_extremes(way, least, most)


def _combine_extremes(way: Aggregation, minimum: Floats, maximum: Floats) -> Floats:
    if way == "difference":
        return np.asarray(maximum - minimum)
    if way == "ratio":
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(minimum / maximum)
    return np.asarray(minimum if way == "group_min" else maximum)


def _summary_limits(
    division: GroupDivision, metric: FairnessMetric, way: Aggregation, metrics: int
) -> Limits:
    defined = division.by_group[metric].notna().to_numpy()
    level = LEVEL ** (1 / max(int(defined.sum()) * metrics, 1))
    low, high = division.limits(metric, level)
    low, high = low[defined], high[defined]
    if not len(low) or not np.isfinite([low, high]).all():
        return np.asarray(np.nan), np.asarray(np.nan)
    if way == "difference":
        return np.maximum(low.max() - high.min(), 0.0), np.asarray(high.max() - low.min())
    if way == "ratio":
        with np.errstate(divide="ignore", invalid="ignore"):
            return low.min() / high.max(), np.minimum(high.min() / low.max(), 1.0)
    pick = np.min if way == "group_min" else np.max
    return np.asarray(pick(low)), np.asarray(pick(high))


def _draw_alike_groups(division: GroupDivision, seed: int) -> Mapping[FairnessMetric, Floats]:
    """Metrics of decisions, (draws, groups), had every group the shares of all together.
    Of weighted rows, as many are drawn as they are worth.
    """
    counts = np.stack([division.sums[kind] for kind in CONFUSION_KINDS], axis=1)
    rows = counts.sum(axis=1).astype(np.int64)
    if division.clusters is not None and division.clusters.weighted:
        rows = np.maximum(division.clusters.effective_rows("accuracy_score").round(), 1).astype(int)
    shares = counts.sum(axis=0) / counts.sum()
    rng = np.random.default_rng(seed)
    draws = min(DRAWS, MAX_DRAWN_CELLS // len(rows))
    drawn = rng.multinomial(rows, shares, size=(draws, len(rows))).astype(float)
    sums = {kind: drawn[:, :, i] for i, kind in enumerate(CONFUSION_KINDS)}
    return {m: MEASURES[m].value(sums) for m in DECISION_METRICS}
