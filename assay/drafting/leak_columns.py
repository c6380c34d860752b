"""Columns that tell the outcome so well alone that they may have been known only after it."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from assay.config.data import Target

MAX_ROWS: Final = 5_000
SUSPICIOUS: Final = {"binary": 0.95, "multiclass": 0.95, "regression": 0.9}  # ROC AUC, or R2
_LEAVES: Final = 64


def score_columns_alone(
    frame: pd.DataFrame, names: list[str], target: Target, *, seed: int = 0
) -> dict[str, float]:
    """By column, how well it tells the outcome alone, from out-of-fold predictions of a small tree:
    ROC AUC of yes or of the class that it tells best against the rest; R2 of an amount's rank.
    """
    rows = frame[frame[target.column].notna()]
    if len(rows) > MAX_ROWS:
        rows = rows.sample(MAX_ROWS, random_state=seed)
    outcomes = _outcomes(rows[target.column], target)
    folds = KFold(3, shuffle=True, random_state=seed)
    return {name: _score(_codes(rows[name]), outcomes, folds) for name in names}


def _outcomes(column: pd.Series, target: Target) -> list[np.ndarray]:
    """The outcomes to predict: booleans for each class, or one array of ranked amounts."""
    texts = column.astype(str)
    if target.problem_type == "multiclass":
        found = [(texts == label).to_numpy() for label in target.class_labels]
    elif target.problem_type == "regression":
        return [column.rank().to_numpy(float)]
    else:
        found = [_is_positive(column, target)]
    return [one for one in found if 10 <= one.sum() <= len(one) - 10]


def _is_positive(column: pd.Series, target: Target) -> np.ndarray:
    if target.above is not None:
        return np.asarray(column.to_numpy(float) > target.above)
    if isinstance(target.positive, bool) or not pd.api.types.is_numeric_dtype(column):
        yes = str(target.positive).lower()
        return np.asarray(column.astype(str).str.lower() == yes)
    return np.asarray(column.to_numpy(float) == float(str(target.positive)))


def _codes(column: pd.Series) -> np.ndarray:
    """A column as ranks, in which trees see the same as in its values, however large; words by
    their alphabet. NaN for missing values.
    """
    if not (pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)):
        column = column.astype(object)
        column = column.where(column.isna(), column.astype(str))
    return column.rank(method="dense").to_numpy(float, na_value=np.nan)[:, None]


def _score(values: np.ndarray, outcomes: list[np.ndarray], folds: KFold) -> float:
    best = 0.0
    for outcome in outcomes:
        if outcome.dtype == bool:
            learner = DecisionTreeClassifier(
                max_leaf_nodes=_LEAVES, min_samples_leaf=5, random_state=0
            )
            told = cross_val_predict(learner, values, outcome, cv=folds, method="predict_proba")
            best = max(best, float(roc_auc_score(outcome, told[:, -1])))
        else:
            learner = DecisionTreeRegressor(
                max_leaf_nodes=_LEAVES, min_samples_leaf=5, random_state=0
            )
            best = max(
                best,
                float(r2_score(outcome, cross_val_predict(learner, values, outcome, cv=folds))),
            )
    return best
