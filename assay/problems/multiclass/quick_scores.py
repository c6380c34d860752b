"""Scores of several sets of class probabilities for the same rows, with their covariance."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np

from assay.config.gates import PerformanceMetric
from assay.gates.feasibility.score_estimates import MIN_PROBABILITY, ScoreEstimates
from assay.gates.statistics.auc_clusters import clustered_covariance, placement_values
from assay.gates.statistics.intervals import Floats
from assay.gates.statistics.proportions import wilson_limits

STEP = 1e-6  # of a cell's share, for the gradient of scores that are functions of the matrix


def estimate_class_scores(
    name: PerformanceMetric,
    truth: np.ndarray,
    answers: Floats,
    costs: Floats,
    entities: np.ndarray,
) -> ScoreEstimates:
    """`name` of each of `answers` (k, rows, classes) to the class codes `truth` (rows,).

    Each row's influence on a score is summed within `entities` (codes, a row each). Scores of
    decisions are functions of the matrix of true and decided classes, and their influences come
    from its gradient; those of ROC AUC are DeLong's. `brier` is the sum over classes, 0 to 2.
    Raises ValueError for scores of other questions.
    """
    found = [_influence(name, truth, one, costs) for one in answers]
    influence = np.array([of_row for _, of_row in found]) / len(truth)
    unseen = float(wilson_limits(0, len(np.unique(entities)))[1])
    return ScoreEstimates(
        np.array([value for value, _ in found]), clustered_covariance(influence, entities), unseen
    )


def decide(probabilities: Floats, costs: Floats) -> np.ndarray:
    """The class (code) of each row that costs least; of equal ones the first."""
    return np.asarray((probabilities @ costs).round(12).argmin(axis=1))


def _influence(
    name: PerformanceMetric, truth: np.ndarray, probabilities: Floats, costs: Floats
) -> tuple[float, Floats]:
    """The score, and what each row (rows,) adds to it beyond the mean; their mean is 0."""
    if name in {"roc_auc_ovr", "roc_auc_ovo"}:
        return _area_influence(name, truth, probabilities)
    of_row = _row_values(name, truth, probabilities, costs)
    if of_row is not None:
        return float(of_row.mean()), of_row - of_row.mean()
    if name not in _MATRIX_SCORES:
        raise ValueError(f"{name} is no score of several classes")
    return _matrix_influence(_MATRIX_SCORES[name], truth, decide(probabilities, costs), len(costs))


def _row_values(
    name: PerformanceMetric, truth: np.ndarray, probabilities: Floats, costs: Floats
) -> Floats | None:
    """What the score is the mean of; None if it is the mean of nothing."""
    rows = np.arange(len(truth))
    if name == "log_loss":
        clipped = np.clip(probabilities[rows, truth], MIN_PROBABILITY, 1.0)
        return np.asarray(-np.log(clipped))
    if name == "brier":
        return np.asarray(((probabilities - np.eye(len(costs))[truth]) ** 2).sum(axis=1))
    if name == "top_2_accuracy":
        own = probabilities[rows, truth][:, None]
        return np.asarray((probabilities > own).sum(axis=1) < 2, dtype=float)
    if name == "accuracy":
        return np.asarray(decide(probabilities, costs) == truth, dtype=float)
    return np.asarray(costs[truth, decide(probabilities, costs)]) if name == "cost" else None


def _area_influence(
    name: PerformanceMetric, truth: np.ndarray, probabilities: Floats
) -> tuple[float, Floats]:
    """The mean of DeLong's influences: of each class against the rest, or of all ordered pairs."""
    present, total = np.unique(truth), len(truth)
    areas, influence = [], np.zeros(total)
    sides: list[tuple[int, int | None]] = [(int(k), None) for k in present]
    if name == "roc_auc_ovo":
        sides = [pair for a, b in combinations(present.tolist(), 2) for pair in ((a, b), (b, a))]
    if len(present) < 2:
        raise ValueError("ROC AUC needs rows of two classes")
    for one, other in sides:
        kept = np.ones(total, bool) if other is None else (truth == one) | (truth == other)
        own = truth[kept] == one
        placed = placement_values(own, probabilities[kept, one][None, :])[0]
        areas.append(float(placed[own].mean()))
        counts = np.where(own, own.sum(), (~own).sum())
        influence[kept] += (placed - areas[-1]) / counts * total / len(sides)
    return float(np.mean(areas)), influence


def _matrix_influence(
    score: Callable[[Floats], float], truth: np.ndarray, decided: np.ndarray, classes: int
) -> tuple[float, Floats]:
    cells = np.bincount(truth * classes + decided, minlength=classes**2) / len(truth)
    value = score(cells.reshape(classes, classes))
    gradient = np.zeros(classes**2)
    for cell in np.flatnonzero(cells):
        moved = cells.copy()
        moved[cell] += STEP
        gradient[cell] = (score(moved.reshape(classes, classes)) - value) / STEP
    of_row = gradient[truth * classes + decided]
    return value, of_row - of_row.mean()


def _recalls(matrix: Floats) -> Floats:
    """Of the classes that have rows."""
    held = matrix.sum(axis=1)
    return np.asarray(np.diag(matrix)[held > 0] / held[held > 0])


def _f1(matrix: Floats) -> Floats:
    """Of each class; 0 for one that neither is nor is decided."""
    both = matrix.sum(axis=0) + matrix.sum(axis=1)
    return np.asarray(2 * np.diag(matrix) / np.where(both > 0, both, 1.0))


def _quadratic_kappa(matrix: Floats) -> float:
    places = np.arange(len(matrix))
    weights = (places[:, None] - places[None, :]) ** 2
    shares = matrix / matrix.sum()
    by_chance = np.outer(shares.sum(axis=1), shares.sum(axis=0))
    expected = float((weights * by_chance).sum())
    return 1 - float((weights * shares).sum()) / expected if expected > 0 else 0.0


_MATRIX_SCORES: dict[str, Callable[[Floats], float]] = {
    "balanced_accuracy": lambda m: float(_recalls(m).mean()),
    "macro_f1": lambda m: float(_f1(m).mean()),
    "weighted_f1": lambda m: float(_f1(m) @ m.sum(axis=1) / m.sum()),
    "quadratic_kappa": _quadratic_kappa,
}
