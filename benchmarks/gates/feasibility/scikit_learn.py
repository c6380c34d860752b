"""Two of the ten checks by scikit-learn alone, encoded once: shuffled labels, learning curve."""

from __future__ import annotations

from pathlib import Path

from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import learning_curve, permutation_test_score
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks.gates.feasibility.encoded import encoded


def prepare(_folder: Path) -> None:
    """Nothing."""


def work(folder: Path, _state: None) -> str:
    """Thirty refits on shuffled labels by three folds, and five sizes by five folds."""
    rows, truth, coded = encoded(folder)
    prepared = make_column_transformer(
        (OneHotEncoder(sparse_output=False, min_frequency=10), coded), (StandardScaler(), ~coded)
    )
    matrix, learner = prepared.fit_transform(rows), LogisticRegression(max_iter=1000)
    score, _, p = permutation_test_score(
        learner, matrix, truth, scoring="roc_auc", cv=3, n_permutations=30, random_state=7
    )
    learning_curve(learner, matrix, truth, scoring="roc_auc", cv=5)
    return f"ROC AUC {score:.3f}, p {p:.3f}"
