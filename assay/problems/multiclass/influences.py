"""How much each row moves a score: the derivative of the score by the row's weight.

A score's error is the root of the sum of squared influences (the delta method), summed within
clusters first where rows belong together. Scores of decisions are functions of the K x K cells of
the confusion matrix; the ROC AUCs' influences are DeLong's placements.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from assay.config.gates import MulticlassMetric
from assay.gates.statistics.intervals import Bools, Floats
from assay.problems.multiclass.answers import ClassAnswers, Ints


@dataclass(frozen=True, slots=True)
class ScoreInfluence:
    """A score, and by how much it grows with the weight of each row, (rows,)."""

    value: float
    influence: Floats


def score_influence(
    metric: MulticlassMetric, truth: Ints, who: ClassAnswers, weights: Floats | None = None
) -> ScoreInfluence:
    """A score that is no mean of one value a row. Classes without a true row are left out of the
    balanced accuracy and the ROC AUCs. Rows count for `weights` rows each, and an influence is
    then the change with the row's weight, times that weight.
    """
    found = _influence(metric, truth, who, weights)
    return found if weights is None else replace(found, influence=weights * found.influence)


def _influence(
    metric: MulticlassMetric, truth: Ints, who: ClassAnswers, weights: Floats | None
) -> ScoreInfluence:
    if metric == "roc_auc_ovr":
        return _area_one_vs_rest(truth, who.probability, weights)
    if metric == "roc_auc_ovo":
        return _area_one_vs_one(truth, who.probability, weights)
    of_decisions = {
        "balanced_accuracy": _balanced_accuracy,
        "macro_f1": _macro_f1,
        "weighted_f1": _weighted_f1,
        "quadratic_kappa": _quadratic_kappa,
    }
    if metric not in of_decisions:
        raise ValueError(f"{metric} is a mean over rows")
    return of_decisions[metric](truth, who.decision, len(who.classes), weights)


def _count(values: Ints, classes: int, weights: Floats | None) -> Floats:
    """How many rows have each value, by their weights."""
    return np.bincount(values, weights, minlength=classes).astype(float)


def _rows_of(weights: Floats | None, inside: Bools) -> Floats | None:
    return None if weights is None else weights[inside]


# --- scores of the confusion matrix -------------------------------------------------------------


def _balanced_accuracy(
    truth: Ints, decision: Ints, classes: int, weights: Floats | None
) -> ScoreInfluence:
    rows, right = _count(truth, classes, weights), decision == truth
    recall = _divide(_count(truth[right], classes, _rows_of(weights, right)), rows)
    present = int((rows > 0).sum())
    influence = (right - recall[truth]) / rows[truth] / present
    return ScoreInfluence(float(recall[rows > 0].mean()), influence)


@dataclass(frozen=True, slots=True)
class _F1Parts:
    """F1 of each class, and the size of its denominator: true plus decided rows."""

    f1: Floats
    size: Floats
    rows: Floats


def _f1_parts(truth: Ints, decision: Ints, classes: int, weights: Floats | None) -> _F1Parts:
    rows, decided = (_count(v, classes, weights) for v in (truth, decision))
    alike = decision == truth
    right = _count(truth[alike], classes, _rows_of(weights, alike))
    return _F1Parts(_divide(2 * right, rows + decided), rows + decided, rows)


def _macro_f1(truth: Ints, decision: Ints, classes: int, weights: Floats | None) -> ScoreInfluence:
    parts = _f1_parts(truth, decision, classes, weights)
    loss = _divide(parts.f1, parts.size)
    gain = 2.0 * (truth == decision) / parts.size[truth]
    influence = (gain - loss[truth] - loss[decision]) / classes
    return ScoreInfluence(float(parts.f1.mean()), influence)


def _weighted_f1(
    truth: Ints, decision: Ints, classes: int, weights: Floats | None
) -> ScoreInfluence:
    parts, n = _f1_parts(truth, decision, classes, weights), _total(truth, weights)
    share = parts.rows / n
    value = float(share @ parts.f1)
    loss = share * _divide(parts.f1, parts.size)
    gain = 2.0 * share[truth] * (truth == decision) / parts.size[truth]
    influence = gain - loss[truth] - loss[decision] + (parts.f1[truth] - value) / n
    return ScoreInfluence(value, influence)


def _total(truth: Ints, weights: Floats | None) -> float:
    return float(len(truth)) if weights is None else float(weights.sum())


def f1_by_chance(
    metric: MulticlassMetric, truth: Ints, who: ClassAnswers, weights: Floats | None = None
) -> float:
    """Macro or weighted F1, were the same decisions dealt out among the rows at random."""
    classes = len(who.classes)
    n = _total(truth, weights)
    rows, decided = (_count(v, classes, weights) / n for v in (truth, who.decision))
    by_class = _divide(2 * rows * decided, rows + decided)
    return float(by_class.mean() if metric == "macro_f1" else rows @ by_class)


def _quadratic_kappa(
    truth: Ints, decision: Ints, classes: int, weights: Floats | None
) -> ScoreInfluence:
    """Cohen's kappa with squared distances; 0 where all rows and decisions are of one class."""
    rows, decided = (_count(v, classes, weights) for v in (truth, decision))
    place = np.arange(classes, dtype=float)
    distance = (place[:, None] - place[None, :]) ** 2
    by_truth, by_decision = distance @ decided, distance.T @ rows
    chance = float(rows @ by_truth)
    if chance == 0:
        return ScoreInfluence(0.0, np.zeros(len(truth)))
    own = distance[truth, decision]
    total, n = float(own.sum() if weights is None else own @ weights), _total(truth, weights)
    seen = n * total
    slope_seen = total + n * own
    slope_chance = by_truth[truth] + by_decision[decision]
    influence = -(slope_seen * chance - seen * slope_chance) / chance**2
    return ScoreInfluence(1 - seen / chance, influence)


# --- areas under ROC curves ---------------------------------------------------------------------


def _area_one_vs_rest(truth: Ints, probability: Floats, weights: Floats | None) -> ScoreInfluence:
    """The plain mean over classes of the area of each against all others."""
    classes = np.unique(truth)
    rest = np.zeros(len(truth), dtype=np.int64)
    found = [_area_against(probability[:, k], truth == k, rest, weights) for k in classes]
    return _mean_of(found, max(len(classes), 1))


def _area_one_vs_one(truth: Ints, probability: Floats, weights: Floats | None) -> ScoreInfluence:
    """The plain mean over ordered pairs of classes (Hand & Till, Machine Learning 45, 2001)."""
    classes = np.unique(truth)
    found = [_area_against(probability[:, k], truth == k, truth, weights) for k in classes]
    return _mean_of(found, max(len(classes) * (len(classes) - 1), 1))


def _mean_of(areas: list[ScoreInfluence], count: int) -> ScoreInfluence:
    total = sum(area.value for area in areas)
    return ScoreInfluence(total / count, np.sum([a.influence for a in areas], axis=0) / count)


def _area_against(
    score: Floats, own: Bools, groups: Ints, weights: Floats | None
) -> ScoreInfluence:
    """The sum over groups of the other rows of the area of `own` against each. Ties count half.

    DeLong's placements, all groups in one pass: an own row's is the share of a group's rows that
    it outranks, another row's the share of own rows that outrank it.
    """
    codes = np.unique(score, return_inverse=True)[1]
    levels, counted = int(codes.max()) + 1, np.ones(len(score)) if weights is None else weights
    m = float(counted[own].sum())
    size = _count(groups[~own], int(groups.max()) + 1, counted[~own])
    if m == 0 or not size.any():
        return ScoreInfluence(0.0, np.zeros(len(score)))
    weight = np.zeros(len(score))
    weight[~own] = 1 / size[groups[~own]]
    mine = _count(codes[own], levels, counted[own])
    theirs = np.bincount(codes, weight * counted, minlength=levels)
    outranked = (np.cumsum(theirs) - theirs / 2)[codes[own]]
    outranking = (m - np.cumsum(mine) + mine / 2)[codes[~own]] / m
    beaten = outranking * counted[~own]
    areas = _divide(np.bincount(groups[~own], beaten, minlength=len(size)), size)
    value = float(areas.sum())
    influence = np.empty(len(score))
    influence[own] = (outranked - np.average(outranked, weights=_rows_of(weights, own))) / m
    influence[~own] = (outranking - areas[groups[~own]]) * weight[~own]
    return ScoreInfluence(value, influence)


def _divide(numerator: ArrayLike, denominator: Floats) -> Floats:
    """Elementwise; 0 where there is nothing to divide by."""
    found = np.zeros(len(denominator))
    np.divide(np.asarray(numerator, dtype=float), denominator, out=found, where=denominator > 0)
    return found
