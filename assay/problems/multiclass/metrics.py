"""Performance metrics of several classes by the use case's names: one number from the true classes,
their probabilities and the decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import permutations

import numpy as np
from sklearn import metrics

from assay.config.gates import LOWER_IS_BETTER, MulticlassMetric


def cost_array(
    cost_matrix: Mapping[str, Mapping[str, float]], classes: Sequence[str]
) -> np.ndarray:
    """`performance.cost_matrix` as a float64 array, by the true class and then the decided one.

    An error that it does not name costs 1, and a right decision nothing.
    """
    costs = 1.0 - np.eye(len(classes))
    place = {name: code for code, name in enumerate(classes)}
    for truth, decided in cost_matrix.items():
        for name, cost in decided.items():
            costs[place[truth], place[name]] = cost
    return costs


def decide_classes(probability: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """The class code of least expected cost for each row, int64; of equal ones the first.

    Where every error costs the same, this is the most probable class. Source: Elkan, "The
    foundations of cost-sensitive learning", IJCAI 2001, eq. 1.
    """
    equal = np.array_equal(costs, costs.max() * (1.0 - np.eye(len(costs))))
    # Not by the sum for equal costs: rounding would break ties at random.
    chosen = probability.argmax(axis=1) if equal else (probability @ costs).argmin(axis=1)
    found: np.ndarray = chosen.astype(np.int64)
    return found


def compute_metric(
    name: MulticlassMetric,
    truth: np.ndarray,
    probability: np.ndarray,
    decision: np.ndarray,
    *,
    costs: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> float:
    """One metric over rows.

    `truth` and `decision` are class codes, int64; `probability` has a column for each class, and
    its rows sum to 1. `costs` is what `cost_array` gives, left out 1 for every error; `cost` is the
    mean cost of a row. Rows count for `weights` rows each, or for one. `brier` is the sum over
    classes (0 to 2). Of a class that is never decided, F1 is 0.

    Raises ValueError for an AUC where a class has no row or every row: it is not defined there.
    """
    if name in {"roc_auc_ovr", "roc_auc_ovo"}:
        return _area_under_curves(name, truth, probability, weights)
    if name == "cost":
        of_row = (1.0 - np.eye(probability.shape[1]) if costs is None else costs)[truth, decision]
        return float(np.average(of_row, weights=weights))
    if name == "balanced_accuracy":  # of the classes that the rows hold
        return float(metrics.balanced_accuracy_score(truth, decision, sample_weight=weights))
    of_scores, of_decisions = _metric_functions(np.arange(probability.shape[1]))
    if name in of_scores:
        return float(of_scores[name](truth, probability, sample_weight=weights))
    return float(of_decisions[name](truth, decision, sample_weight=weights))


_Metrics = dict[str, Callable[..., float]]


def _metric_functions(labels: np.ndarray) -> tuple[_Metrics, _Metrics]:
    """scikit-learn's functions of probabilities, and of decisions."""
    f1 = partial(metrics.f1_score, labels=labels, zero_division=0.0)
    kappa = partial(metrics.cohen_kappa_score, labels=labels, weights="quadratic")
    return {
        "log_loss": partial(metrics.log_loss, labels=labels),
        "brier": partial(metrics.brier_score_loss, labels=labels),
        "top_2_accuracy": partial(metrics.top_k_accuracy_score, k=2, labels=labels),
    }, {
        "accuracy": metrics.accuracy_score,
        "macro_f1": partial(f1, average="macro"),
        "weighted_f1": partial(f1, average="weighted"),
        "quadratic_kappa": kappa,
    }


def _area_under_curves(
    name: str, truth: np.ndarray, probability: np.ndarray, weights: np.ndarray | None
) -> float:
    """The plain mean over classes (one against the rest), or over pairs of classes."""
    rows = np.bincount(truth, minlength=probability.shape[1])
    if (rows == 0).any() or (rows == len(truth)).any():
        raise ValueError("ROC AUC is not defined where a class has no row")
    if name == "roc_auc_ovr":
        areas = [
            metrics.roc_auc_score(truth == k, probability[:, k], sample_weight=weights)
            for k in range(len(rows))
        ]
        return float(np.mean(areas))
    if weights is not None:
        return _weighted_pairs(truth, probability, weights)
    return float(metrics.roc_auc_score(truth, probability, multi_class="ovo", average="macro"))


def _weighted_pairs(truth: np.ndarray, probability: np.ndarray, weights: np.ndarray) -> float:
    """The mean over ordered pairs of classes of the first one's area against the second."""
    areas = []
    for own, other in permutations(range(probability.shape[1]), 2):
        of = (truth == own) | (truth == other)
        areas.append(
            metrics.roc_auc_score(truth[of] == own, probability[of, own], sample_weight=weights[of])
        )
    return float(np.mean(areas))


def is_better(name: MulticlassMetric, score: float, rival: float) -> bool:
    """Whether `score` is strictly better than `rival`."""
    return score < rival if name in LOWER_IS_BETTER else score > rival
