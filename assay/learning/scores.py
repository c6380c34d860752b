"""Performance metrics by the use case's names: one number from truth and prediction."""

from __future__ import annotations

import numpy as np
from sklearn import metrics

from assay.config.gates import LOWER_IS_BETTER, ErrorCosts, PerformanceMetric


def cost_threshold(cost: ErrorCosts) -> float:
    """The probability from which a "yes" is the cheaper answer: c_fp / (c_fp + c_fn).

    Holds for calibrated probabilities. Source: Elkan, "The foundations of cost-sensitive
    learning", IJCAI 2001, eq. 2 (right answers cost nothing).
    """
    return cost.false_positive / (cost.false_positive + cost.false_negative)


def compute_score(
    name: PerformanceMetric,
    truth: np.ndarray,
    probability: np.ndarray,
    decision: np.ndarray,
    cost: ErrorCosts,
    *,
    weights: np.ndarray | None = None,
) -> float:
    """One metric over rows; the arrays are one entry a row. `cost` is the mean cost of a row.
    Rows count for `weights` rows each, or for one.
    """
    by_probability = {
        "roc_auc": metrics.roc_auc_score,
        "average_precision": metrics.average_precision_score,
        "log_loss": metrics.log_loss,
        "brier": metrics.brier_score_loss,
    }
    if name in by_probability:
        return float(by_probability[name](truth, probability, sample_weight=weights))
    if name == "cost":
        wrong = [np.average(w, weights=weights) for w in (decision & ~truth, ~decision & truth)]
        return float(wrong[0] * cost.false_positive + wrong[1] * cost.false_negative)
    of_decision = getattr(metrics, f"{name}_score")
    if name in {"precision", "recall", "f1"}:
        return float(of_decision(truth, decision, sample_weight=weights, zero_division=0.0))
    return float(of_decision(truth, decision, sample_weight=weights))


def is_better(name: PerformanceMetric, score: float, rival: float) -> bool:
    """Whether `score` is strictly better than `rival`."""
    return score < rival if name in LOWER_IS_BETTER else score > rival
