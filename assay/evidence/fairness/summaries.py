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

from assay.config.gates import FAMILIES, Metric
from assay.evidence.cells import KINDS
from assay.evidence.fairness.divisions import Division
from assay.evidence.fairness.metrics import MEASURES, OF_DECISIONS
from assay.evidence.statistics.intervals import Floats, Limits

DRAWS = 1000
MOST_DRAWN = 10**6  # groups times draws: bounds the memory
LEVEL = 0.95
Way = Literal["difference", "ratio", "group_min", "group_max"]

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
SUMMARIES: dict[str, tuple[str, Way]] = {
    f"{name}_{way}": (name, cast(Way, way))
    for names, ways in (
        ((*_CRITERIA, *_COMPARED), ("difference", "ratio")),
        (_LEAST, ("group_min",)),
        (_MOST, ("group_max",)),
    )
    for name in names
    for way in ways
}


@dataclass(frozen=True, slots=True)
class Summary:
    """One of Fairlearn's functions, by its name; NaN where it is not defined."""

    name: str
    value: float
    low: float
    high: float
    by_chance: float  # the mean, were all groups alike; NaN for metrics of probabilities


def summaries(division: Division, *, seed: int = 0) -> list[Summary]:
    """Every summary whose metrics the predictions bear, over all groups where these are defined.

    Limits at 95 %, by limits of the groups that hold for all of them at once (Sidak, J. Am. Stat.
    Assoc. 62, 1967; groups are independent): whatever the true rates, the true summary lies within
    at least as often as stated.
    """
    drawn = _alike(division, seed)
    found = []
    for name, (metric, way) in SUMMARIES.items():
        parts = FAMILIES.get(metric, (cast(Metric, metric),))
        if any(part not in division.by_group for part in parts):
            continue
        value = _worst(
            way, [_over_groups(way, division.by_group[p].to_numpy(float)) for p in parts]
        )
        limits = [_limits(division, part, way, len(parts)) for part in parts]
        low, high = (float(_worst(way, [side[i] for side in limits])) for i in (0, 1))
        known = [part for part in parts if part in drawn]
        chance = np.nan
        if known and len(division.groups) > 1:
            chance = float(np.mean(_worst(way, [_over_groups(way, drawn[p]) for p in known])))
        found.append(Summary(name, float(value), low, high, chance))
    return found


def _worst(way: Way, found: list[Floats]) -> Floats:
    """Of several metrics: the largest difference, the smallest ratio."""
    return np.asarray(
        (np.maximum if way in ("difference", "group_max") else np.minimum).reduce(found)
    )


def _over_groups(way: Way, values: Floats) -> Floats:
    """Over the last axis, without those undefined."""
    most, least = np.fmax.reduce(values, axis=-1), np.fmin.reduce(values, axis=-1)
    return _combined(way, least, most)


def _combined(way: Way, least: Floats, most: Floats) -> Floats:
    if way == "difference":
        return np.asarray(most - least)
    if way == "ratio":
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(least / most)
    return np.asarray(least if way == "group_min" else most)


def _limits(division: Division, metric: Metric, way: Way, metrics: int) -> Limits:
    defined = division.by_group[metric].notna().to_numpy()
    level = LEVEL ** (1 / max(int(defined.sum()) * metrics, 1))
    low, high = MEASURES[metric].limits(division.sums, level)
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


def _alike(division: Division, seed: int) -> Mapping[Metric, Floats]:
    """Metrics of decisions, (draws, groups), had every group the shares of all together."""
    counts = np.stack([division.sums[kind] for kind in KINDS], axis=1)
    rows = counts.sum(axis=1).astype(np.int64)
    shares = counts.sum(axis=0) / counts.sum()
    rng = np.random.default_rng(seed)
    draws = min(DRAWS, MOST_DRAWN // len(rows))
    drawn = rng.multinomial(rows, shares, size=(draws, len(rows))).astype(float)
    sums = {kind: drawn[:, :, i] for i, kind in enumerate(KINDS)}
    return {m: MEASURES[m].value(sums) for m in OF_DECISIONS}
