"""Scores of one model on given rows, without intervals: scikit-learn's, and the cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from assay.config.gates import ErrorCosts, PerformanceMetric
from assay.gates.statistics.cluster_errors import MIN_CLUSTERS, Clusters
from assay.gates.statistics.intervals import Bools, Floats

MIN_CLASS_ROWS = 10
"""Rows of each class; a share of fewer is not judged by the fairness gate either."""
MEAN_METRICS: tuple[PerformanceMetric, ...] = ("accuracy", "brier", "log_loss", "cost")
"""Those that are means of one value a row, see `row_values`."""


@dataclass(frozen=True, slots=True)
class ModelPredictions:
    """One model's answers to the same rows, in the same order, as the truth beside it."""

    probability: Floats
    decision: Bools

    def of(self, rows: Bools) -> ModelPredictions:
        """Its answers to some of the rows."""
        return ModelPredictions(self.probability[rows], self.decision[rows])


def point_score(
    metric: PerformanceMetric,
    truth: Bools,
    who: ModelPredictions,
    cost: ErrorCosts,
    weights: Floats | None = None,
) -> float:
    """The point estimate. Precision and F1 without any positive decision are 0. Rows count for
    `weights` rows each, or for one.
    """
    from sklearn import metrics as sk

    if metric == "cost":
        return float(np.average(row_values("cost", truth, who, cost), weights=weights))
    of_probability: dict[str, Callable[..., float]] = {
        "roc_auc": sk.roc_auc_score,
        "average_precision": sk.average_precision_score,
        "log_loss": partial(sk.log_loss, labels=[False, True]),
        "brier": sk.brier_score_loss,
    }
    of_decision: dict[str, Callable[..., float]] = {
        "accuracy": sk.accuracy_score,
        "balanced_accuracy": sk.balanced_accuracy_score,
        "precision": partial(sk.precision_score, zero_division=0.0),
        "recall": sk.recall_score,
        "f1": partial(sk.f1_score, zero_division=0.0),
    }
    if metric in of_probability:
        return float(of_probability[metric](truth, who.probability, sample_weight=weights))
    return float(of_decision[metric](truth, who.decision, sample_weight=weights))


def enough_rows(truth: Bools, clusters: Clusters | None = None) -> bool:
    """Whether there are rows enough of both classes, from enough clusters, to judge anything by."""
    return not too_few_remedy(truth, clusters)


def too_few_remedy(truth: Bools, clusters: Clusters | None = None) -> str:
    """What to do when a class has too few rows or clusters; empty when both have enough."""
    counts = int(truth.sum()), int((~truth).sum())
    if min(counts) < MIN_CLASS_ROWS:
        return (
            f"At least {MIN_CLASS_ROWS} of each class are needed to judge; there are "
            f"{counts[0]} positives and {counts[1]} negatives."
        )
    if clusters is None:
        return ""
    effective = [clusters.effective(rows) for rows in (truth, ~truth)]
    if min(effective) >= MIN_CLUSTERS:
        return ""
    worth = "{:.0f} positives' and {:.0f} negatives'".format(*effective)
    return (
        f"{clusters.request}: each class needs those of at least "
        f"{MIN_CLUSTERS} (counted as if equally large), and there are {worth}."
    )


def trivial_policies(rows: int) -> dict[str, ModelPredictions]:
    """The ways to decide that need no model: always yes, always no."""
    return {
        word: ModelPredictions(np.full(rows, float(yes)), np.full(rows, yes))
        for word, yes in (("yes", True), ("no", False))
    }


def largest_loss(metric: PerformanceMetric, cost: ErrorCosts) -> float:
    """The most that one row can add to a mean."""
    if metric == "cost":
        return max(cost.false_positive, cost.false_negative)
    return float(-np.log(np.finfo(float).eps)) if metric == "log_loss" else 1.0


def row_values(
    metric: PerformanceMetric, truth: Bools, who: ModelPredictions, cost: ErrorCosts
) -> Floats:
    """The values whose mean is the metric, one a row."""
    if metric == "accuracy":
        return np.asarray(who.decision == truth, dtype=float)
    if metric == "brier":
        return np.asarray((who.probability - truth) ** 2)
    if metric == "cost":
        false_positive = (who.decision & ~truth) * cost.false_positive
        return np.asarray(false_positive + (~who.decision & truth) * cost.false_negative)
    eps = np.finfo(float).eps  # where scikit-learn clips
    p = np.clip(who.probability, eps, 1 - eps)
    return np.asarray(-np.log(np.where(truth, p, 1 - p)))


def confusion_weights(truth: Bools, decision: Bools, weights: Floats) -> tuple[float, ...]:
    """`confusion_counts` of rows by their weights."""
    cells = np.bincount(truth * 2 + decision, weights, minlength=4)
    return float(cells[3]), float(cells[1]), float(cells[2]), float(cells[0])


def confusion_counts(truth: Bools, decision: Bools) -> tuple[int, int, int, int]:
    """True positives, false positives, false negatives, true negatives."""
    tp, chosen = int((truth & decision).sum()), int(decision.sum())
    positives = int(truth.sum())
    return tp, chosen - tp, positives - tp, len(truth) - chosen - positives + tp
