"""The plain limit: the gate's quick learner, cross-validated once."""

from __future__ import annotations

from pathlib import Path

from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import cross_val_score
from threadpoolctl import threadpool_limits

from benchmarks.gates.feasibility.encoded import encoded


def prepare(_folder: Path) -> None:
    """Nothing."""


def work(folder: Path, _state: None) -> str:
    """Five folds."""
    rows, truth, coded = encoded(folder)
    learner = HistGradientBoostingClassifier(
        max_iter=60, max_leaf_nodes=15, early_stopping=False, categorical_features=coded
    )
    with threadpool_limits(limits=1):
        scores = cross_val_score(learner, rows, truth, scoring="roc_auc", cv=5)
    return f"ROC AUC {scores.mean():.3f}"
