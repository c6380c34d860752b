"""What a model of several classes achieves: every score with its interval, and paired differences.

Shares have Wilson's interval, means over rows Student's. All others have the delta method's, from
the influence of each row (see `influences`), on the logit scale where they lie between 0 and 1.
Student's degrees of freedom are those of the smallest class. Where rows belong together, influences
are summed within clusters first.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from assay.config.gates import LOWER_IS_BETTER, MulticlassMetric
from assay.gates.performance.point_scores import MIN_CLASS_ROWS
from assay.gates.performance.rival_checks import RowEvidence
from assay.gates.report import Interval
from assay.gates.statistics.cluster_errors import (
    MIN_CLUSTERS,
    Clusters,
    ClusterSpread,
    cluster_error,
    clustered_logit_limits,
    clustered_mean_limits,
    clustered_share_limits,
    spread_of,
    student_quantile,
    weighted_mean,
    weights_of,
)
from assay.gates.statistics.intervals import Estimate, Floats, Limits, make_interval
from assay.gates.statistics.means import bounded_mean
from assay.gates.statistics.mover import difference_limits
from assay.gates.statistics.proportions import wilson_interval
from assay.problems.multiclass.answers import ClassAnswers, Ints
from assay.problems.multiclass.influences import score_influence

SHARE_METRICS: Final[frozenset[MulticlassMetric]] = frozenset({"accuracy", "top_2_accuracy"})
MEAN_METRICS: Final[frozenset[MulticlassMetric]] = SHARE_METRICS | {"log_loss", "brier", "cost"}
"""Those that are means of one value a row."""
_OF_EVERY_CLASS: Final[frozenset[MulticlassMetric]] = frozenset(
    {"balanced_accuracy", "macro_f1", "roc_auc_ovr", "roc_auc_ovo", "cost"}
)
"""Those to which a class adds as much as any other, or may add most of all."""
UNBOUNDED: Final = Interval(low=None, high=None)
_NO_VARIANCE = 1e-20  # below it a score's variance is rounding error


def row_values(metric: MulticlassMetric, truth: Ints, who: ClassAnswers, costs: Floats) -> Floats:
    """The values whose mean is the metric, one a row."""
    if metric == "accuracy":
        return np.asarray(who.decision == truth, dtype=float)
    if metric == "cost":
        return np.asarray(costs[truth, who.decision], dtype=float)
    p = who.probability
    own = p[np.arange(len(truth)), truth]
    if metric == "log_loss":
        eps = np.finfo(float).eps  # where scikit-learn clips
        return np.asarray(-np.log(np.clip(own, eps, 1 - eps)))
    if metric == "brier":
        return np.asarray((p**2).sum(axis=1) - 2 * own + 1)
    if metric == "top_2_accuracy":  # of equal probabilities the last class first, as scikit-learn
        later = np.arange(p.shape[1])[None, :] > truth[:, None]
        ahead = (p > own[:, None]) | ((p == own[:, None]) & later)
        return np.asarray(ahead.sum(axis=1) < 2, dtype=float)
    raise ValueError(f"{metric} is no mean over rows")


def largest_loss(metric: MulticlassMetric, costs: Floats) -> float:
    """The most that one row can add to a mean."""
    if metric == "log_loss":
        return float(-np.log(np.finfo(float).eps))
    return {"brier": 2.0, "cost": float(costs.max())}.get(metric, 1.0)


def point_score(
    metric: MulticlassMetric,
    truth: Ints,
    who: ClassAnswers,
    costs: Floats,
    weights: Floats | None = None,
) -> float:
    """The score without an interval. Rows count for `weights` rows each, or for one."""
    if metric in MEAN_METRICS:
        return float(np.average(row_values(metric, truth, who, costs), weights=weights))
    return score_influence(metric, truth, who, weights).value


def estimate_score(
    metric: MulticlassMetric,
    truth: Ints,
    who: ClassAnswers,
    costs: Floats,
    clusters: Clusters | None = None,
) -> Estimate:
    """A score with its 95 % interval, unbounded where too few rows tell. Cost is per row."""
    if too_few_remedy(metric, truth, who, clusters):
        value = point_score(metric, truth, who, costs, weights_of(clusters))
        return Estimate(value, UNBOUNDED)
    if metric in MEAN_METRICS:
        return _estimate_mean(metric, truth, who, costs, clusters)
    found = score_influence(metric, truth, who, weights_of(clusters))
    limits = _limits(metric, found.value, _spread(metric, found.influence, truth, who, clusters))
    return Estimate(found.value, make_interval(*limits))


def _estimate_mean(
    metric: MulticlassMetric,
    truth: Ints,
    who: ClassAnswers,
    costs: Floats,
    clusters: Clusters | None,
) -> Estimate:
    values, most = row_values(metric, truth, who, costs), largest_loss(metric, costs)
    mean = weighted_mean(values, clusters)
    if clusters is None:
        if metric in SHARE_METRICS:
            return Estimate(mean, wilson_interval(int(values.sum()), len(values)))
        return bounded_mean(values, 0.0, most)
    spread = spread_of(clusters.mean_error(values))
    limits = (
        clustered_share_limits(mean, len(values), spread)
        if metric in SHARE_METRICS
        else clustered_mean_limits(mean, (0.0, most), spread)
    )
    return Estimate(mean, make_interval(*_ends(limits)))


def score_difference(
    metric: MulticlassMetric,
    truth: Ints,
    who: ClassAnswers,
    rival: ClassAnswers,
    costs: Floats,
    *,
    clusters: Clusters | None = None,
) -> Estimate:
    """By how much `who` is better than `rival` on the same rows: positive is better, always.

    The interval is paired, at 95 %; unbounded where too few rows tell. Two models that answer
    alike differ by nothing, and surely so.
    """
    sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
    if who.agrees_with(rival):
        return Estimate(0.0, make_interval(0.0, 0.0))
    if metric in MEAN_METRICS:
        own, other = (row_values(metric, truth, one, costs) for one in (who, rival))
        gains = sign * (own - other)
        few = bool(too_few_remedy(metric, truth, who, clusters))
        return _mean_difference(gains, largest_loss(metric, costs), clusters, few=few)
    mine, theirs = (
        score_influence(metric, truth, one, weights_of(clusters)) for one in (who, rival)
    )
    value = mine.value - theirs.value
    if any(too_few_remedy(metric, truth, one, clusters) for one in (who, rival)):
        return Estimate(value, UNBOUNDED)
    spreads = [
        _spread(metric, influence, truth, who, clusters)
        for influence in (mine.influence, theirs.influence, mine.influence - theirs.influence)
    ]
    known = [_answers_all_alike(metric, one) for one in (who, rival)]
    fixed = [float(spread.variance[0]) <= _NO_VARIANCE for spread in spreads]
    at_edge = any(f and not k for f, k in zip(fixed, known, strict=False))
    if not at_edge and not fixed[2]:
        half = float(_half_width(spreads[2]))
        return Estimate(value, make_interval(max(value - half, -2.0), min(value + half, 2.0)))
    limits = [
        (one.value, one.value) if f and k else _limits(metric, one.value, spread)
        for one, f, k, spread in zip((mine, theirs), fixed, known, spreads, strict=False)
    ]
    ends = difference_limits(mine.value, limits[0], theirs.value, limits[1])
    return Estimate(value, make_interval(*ends))


def _mean_difference(
    gains: Floats, most: float, clusters: Clusters | None, *, few: bool
) -> Estimate:
    """The mean of paired gains, none of which is larger than `most` either way."""
    if not gains.any():
        return Estimate(0.0, make_interval(0.0, 0.0))
    value = weighted_mean(gains, clusters)
    if few:
        return Estimate(value, UNBOUNDED)
    if clusters is None:
        return bounded_mean(gains, -most, most)
    spread = spread_of(clusters.mean_error(gains))
    ends = _ends(clustered_mean_limits(value, (-most, most), spread))
    return Estimate(value, make_interval(*ends))


def _answers_all_alike(metric: MulticlassMetric, who: ClassAnswers) -> bool:
    """Whether all rows are answered alike, so that the score follows whatever the rows."""
    held = who.probability if metric in ("roc_auc_ovr", "roc_auc_ovo") else who.decision
    return bool((held == held[:1]).all())


def _spread(
    metric: MulticlassMetric,
    influence: Floats,
    truth: Ints,
    who: ClassAnswers,
    clusters: Clusters | None,
) -> ClusterSpread:
    """The uncertainty of a score, whose freedom and effective rows are the smallest class's."""
    codes = np.arange(len(truth)) if clusters is None else clusters.codes
    error = cluster_error(influence, codes, weights_of(clusters))
    rows = _smallest_effective(metric, truth, who, clusters)
    return ClusterSpread(
        variance=np.array([error.variance]),
        freedom=np.array([max(min(error.freedom, rows - 1), 1.0)]),
        effective=np.array([min(error.effective, rows)]),
        rows=np.array([error.rows]),
    )


def _limits(metric: MulticlassMetric, value: float, spread: ClusterSpread) -> tuple[float, float]:
    if metric != "quadratic_kappa":
        return _ends(clustered_logit_limits(min(max(value, 0.0), 1.0), spread))
    half = _half_width(spread)  # a kappa without variance is at an edge, of unknown width
    if float(spread.variance[0]) <= _NO_VARIANCE:
        return -1.0, 1.0
    return max(value - half, -1.0), min(value + half, 1.0)


def _half_width(spread: ClusterSpread) -> float:
    return float(student_quantile(0.95, spread.freedom)[0] * np.sqrt(spread.variance[0]))


def _ends(limits: Limits) -> tuple[float, float]:
    low, high = (float(np.ravel(side)[0]) for side in limits)
    return low, high


# --- rows that are too few ------------------------------------------------------------------------


def gather_evidence(
    metric: MulticlassMetric, truth: Ints, who: ClassAnswers, clusters: Clusters | None = None
) -> RowEvidence:
    """The rows that a score of these answers rests on."""
    few = too_few_remedy(metric, truth, who, clusters)
    if metric in MEAN_METRICS and clusters is None:
        return RowEvidence(len(truth), few)
    freedom = _smallest_effective(metric, truth, who, clusters) - 1
    return RowEvidence(len(truth), few, max(freedom, 1.0))


def _smallest_effective(
    metric: MulticlassMetric, truth: Ints, who: ClassAnswers, clusters: Clusters | None
) -> float:
    """Independent rows of the smallest class, for scores of every class; of all other rows than the
    largest class's for the others.
    """
    rows = np.bincount(truth, minlength=len(who.classes))
    inside = [truth != rows.argmax()]
    if metric in _OF_EVERY_CLASS:
        inside = [truth == k for k in np.flatnonzero(rows)]
    if clusters is None:
        return float(min((int(part.sum()) for part in inside), default=0))
    return min((clusters.effective(part) for part in inside), default=0.0)


def too_few_remedy(
    metric: MulticlassMetric, truth: Ints, who: ClassAnswers, clusters: Clusters | None = None
) -> str:
    """What to do where a score rests on too few rows; empty where there are enough.

    A score to which every class adds alike needs rows of each; macro F1, which is far off where a
    class is hardly ever decided, decisions for each too. Other scores need rows outside the
    largest class.
    """
    rows = np.bincount(truth, minlength=len(who.classes))
    if metric not in _OF_EVERY_CLASS:
        others = int(len(truth) - rows.max())
        if others < MIN_CLASS_ROWS:
            return (
                f"At least {MIN_CLASS_ROWS} test rows outside the most frequent class are needed "
                f"to judge; there are {others}."
            )
    elif rows.min() < MIN_CLASS_ROWS:
        return (
            f"At least {MIN_CLASS_ROWS} test rows of each class are needed to judge; "
            f"{who.classes[int(rows.argmin())]} has {rows.min()}."
        )
    elif metric == "macro_f1" and not _answers_all_alike(metric, who):
        decided = np.bincount(who.decision, minlength=len(who.classes))
        if decided.min() < MIN_CLASS_ROWS:
            return (
                f"At least {MIN_CLASS_ROWS} decisions for each class are needed to judge; "
                f"{who.classes[int(decided.argmin())]} is decided {decided.min()} times. Choose by "
                "another score, or declare what missing it costs."
            )
    if clusters is None:
        return ""
    effective = _smallest_effective(metric, truth, who, clusters)
    if effective >= MIN_CLUSTERS:
        return ""
    return (
        f"{clusters.request}: at least {MIN_CLUSTERS} (counted as if "
        f"equally large) are needed, and those of the smallest class are worth {effective:.0f}."
    )
