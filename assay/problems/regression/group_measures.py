"""What every fairness metric of amounts is: value and limits, from sums over a group's rows.

With p the prediction, e = p - y the error, all in the target's unit. Means have Student's limits;
RMSE's are taken on the log scale (delta method), and it has none where a few rows decide the mean
square; coverage, a share, has Wilson's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from assay.config.data import Sensitive
from assay.config.gates import FairnessMetric
from assay.dataset.groups import intersect_groups, reference_from_counts
from assay.gates.confusion_cells import intersection_reference
from assay.gates.fairness.divisions import (
    MAX_LISTED_GROUPS,
    GroupClusters,
    GroupColumns,
    GroupDivision,
)
from assay.gates.fairness.gaps import MIN_ROWS
from assay.gates.fairness.metrics import Measure, Measures, Sums
from assay.gates.statistics.cluster_errors import (
    ClusterError,
    Clusters,
    ClusterSpread,
    clustered_mean_limits,
    clustered_share_limits,
    student_quantile,
    weighted_mean,
)
from assay.gates.statistics.intervals import Floats, Limits
from assay.gates.statistics.means import mean_limits
from assay.gates.statistics.proportions import wilson_limits
from assay.problems.regression.amount_text import format_amount
from assay.problems.regression.tails import is_heavy

_UNBOUNDED = (-np.inf, np.inf)


@dataclass(frozen=True, slots=True)
class GroupAnswers:
    """Answers to be compared between groups, one entry a row each. `covered` (0 or 1) is absent
    where there are no intervals. `weights` say how many rows each row stands for, where that is not
    one: values follow them, and limits take each row for itself unless `clusters` has the weights
    too, as of a sample whose rows were drawn with unequal chances.
    """

    prediction: Floats
    error: Floats
    covered: Floats | None
    labels: pd.DataFrame  # of groups, a column for each sensitive column
    clusters: Clusters | None = None
    weights: Floats | None = None


def amount_measures(unit: str, *, negative_predictions: bool) -> Measures:
    """The measures of amounts in this unit, by Fairlearn's names of their metrics."""
    sides = _UNBOUNDED if negative_predictions else (0.0, np.inf)
    amount = Measure(
        unit="rows",
        rows=_rows,
        limiting_rows=_rows,
        value=lambda s: s["p"] / s["n"],
        limits=_mean_of("p", "pp", sides),
        clustered_limits=_clustered_mean(sides),
        words="mean prediction",
        quantity=unit,
        text=format_amount,
        gap_text=_signed,
        mitigated=False,
    )
    return {
        "mean_error": replace(
            amount,
            value=lambda s: s["e"] / s["n"],
            limits=_mean_of("e", "ee", _UNBOUNDED),
            clustered_limits=_clustered_mean(_UNBOUNDED),
            words="mean error",
            text=_signed,
        ),
        "mean_absolute_error": replace(
            amount,
            value=lambda s: s["|e|"] / s["n"],
            limits=_mean_of("|e|", "ee", (0.0, np.inf)),
            clustered_limits=_clustered_mean((0.0, np.inf)),
            words="MAE",
        ),
        "root_mean_squared_error": replace(
            amount,
            value=lambda s: np.sqrt(s["ee"] / s["n"]),
            limits=_root_limits,
            clustered_limits=_clustered_root_limits,
            words="RMSE",
        ),
        "mean_prediction": amount,
        "interval_coverage": Measure(
            unit="rows",
            rows=_rows,
            limiting_rows=_rows,
            value=lambda s: s["covered"] / s["n"],
            limits=lambda s, level: wilson_limits(s["covered"], s["n"], level),
            clustered_limits=lambda s, values, spread, level: clustered_share_limits(
                values, np.maximum(s["n"], spread.rows), spread, level
            ),
            words="coverage of intervals",
            mitigated=False,
        ),
    }


def _rows(sums: Sums) -> Floats:
    return np.asarray(sums["n"])


def _signed(value: float) -> str:
    return format_amount(value, sign=True)


def _mean_of(
    total: str, squares: str, bounds: tuple[float, float]
) -> Callable[[Sums, float], Limits]:
    def limits(sums: Sums, level: float) -> Limits:
        low, high = mean_limits(sums["n"], sums[total], sums[squares], _UNBOUNDED, level)
        return np.clip(low, *bounds), np.clip(high, *bounds)

    return limits


def _clustered_mean(
    bounds: tuple[float, float],
) -> Callable[[Sums, Floats, ClusterSpread, float], Limits]:
    def limits(_sums: Sums, values: Floats, spread: ClusterSpread, level: float) -> Limits:
        low, high = clustered_mean_limits(values, _UNBOUNDED, spread, level)
        return np.clip(low, *bounds), np.clip(high, *bounds)

    return limits


def _root_limits(sums: Sums, level: float) -> Limits:
    n, mean = sums["n"], sums["ee"] / sums["n"]
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.maximum(sums["eeee"] / n - mean**2, 0.0) / (n - 1) / (2 * mean) ** 2
    return _log_limits(sums, variance, student_quantile(level, np.maximum(n - 1, 1)))


def _clustered_root_limits(
    sums: Sums, values: Floats, spread: ClusterSpread, level: float
) -> Limits:
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = spread.variance / values**2
    return _log_limits(sums, variance, student_quantile(level, spread.freedom))


def _log_limits(sums: Sums, variance: Floats, quantile: Floats) -> Limits:
    """Limits of the root, from the variance of its logarithm. NaN where a few rows decide it."""
    root = np.sqrt(sums["ee"] / sums["n"])
    sure = (sums["heavy"] == 0) & (variance > 0)
    half = quantile * np.sqrt(np.where(sure, variance, np.nan))
    return root * np.exp(-half), root * np.exp(half)


# --- divisions --------------------------------------------------------------------------------


def divide_answers(
    answers: GroupAnswers,
    by: GroupColumns,
    sensitive: Mapping[str, Sensitive],
    measures: Measures,
) -> GroupDivision:
    """The groups that the columns `by` make, with every metric that the answers bear.

    Raises DataError for a reference group that does not exist.
    """
    labels = intersect_groups([answers.labels[name] for name in by])
    rows = labels.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    parts = [
        reference_from_counts(
            answers.labels[name].value_counts().sort_index(), sensitive[name], name
        )
        for name in by
    ]
    reference = intersection_reference(rows, parts)
    every = len(rows)
    if every > MAX_LISTED_GROUPS:
        rows = rows[(rows >= MIN_ROWS) | (rows.index == reference)]
    groups = [str(group) for group in rows.index]
    inside = [(labels == group).to_numpy() for group in groups]
    sums = _sums(answers, inside)
    borne = [m for m in measures if m != "interval_coverage" or answers.covered is not None]
    by_group = pd.DataFrame({m: measures[m].value(sums) for m in borne}, index=groups)
    clusters = None
    if answers.clusters is not None:
        errors = {m: [_error(m, answers, held) for held in inside] for m in borne}
        weighted = answers.clusters.weights is not None
        clusters = GroupClusters(answers.clusters.name, errors, weighted)
    return GroupDivision(
        by, reference, groups, sums, by_group, every - len(rows), clusters, measures
    )


def _sums(answers: GroupAnswers, inside: Sequence[np.ndarray]) -> Sums:
    """Sums over the rows of every group, and whether a few of them decide its mean square."""
    p, e = answers.prediction, answers.error
    values = {"n": np.ones(len(p)), "p": p, "pp": p**2}
    values |= {"e": e, "|e|": np.abs(e), "ee": e**2, "eeee": e**4}
    if answers.covered is not None:
        values["covered"] = answers.covered
    if answers.weights is not None:
        values = {name: held * answers.weights for name, held in values.items()}
    sums = {name: np.array([held[rows].sum() for rows in inside]) for name, held in values.items()}
    return sums | {"heavy": np.array([_is_heavy(answers, rows) for rows in inside])}


def _is_heavy(answers: GroupAnswers, rows: np.ndarray) -> float:
    of = answers.clusters
    weights = None if of is None or of.weights is None else of.weights[rows]
    return float(is_heavy(answers.error[rows] ** 2, weights))


def _error(metric: FairnessMetric, answers: GroupAnswers, rows: np.ndarray) -> ClusterError:
    assert answers.clusters is not None, "asked only where rows belong together"
    e = answers.error[rows]
    of = answers.clusters.of(rows)
    if metric == "root_mean_squared_error":
        root = weighted_mean(e**2, of) ** 0.5
        return of.mean_error(e**2 / (2 * root) if root > 0 else e**2)
    if metric == "interval_coverage":
        assert answers.covered is not None, "asked only where there are intervals"
        return of.mean_error(answers.covered[rows])
    values = {
        "mean_error": e,
        "mean_absolute_error": np.abs(e),
        "mean_prediction": answers.prediction[rows],
    }
    return of.mean_error(values[metric])
