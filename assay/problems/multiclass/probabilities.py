"""Calibration of class probabilities: one against the rest, then normalised.

As `learning.calibration`, of a column for each class: what comes out equals scikit-learn's
CalibratedClassifierCV with `ensemble=False`, which learns from the same scores out of fold.

Source: Zadrozny and Elkan, "Transforming classifier scores into accurate multiclass probability
estimates", KDD 2002.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from assay.learning.calibration import CalibrationMethod, fit_calibrator
from assay.learning.one_thread import one_thread

_SUM: Final = 1e-6  # how far a row's probabilities may be from 1 in sum: 32 bits round them


def class_scores(
    fitted: Any, rows: pd.DataFrame, method: CalibrationMethod, classes: int
) -> np.ndarray:
    """What the calibrator takes, or the probabilities themselves for `none`: float64, a row each, a
    column for each class. `decision_function` goes first, as in CalibratedClassifierCV.

    Raises ValueError for another number of columns, and for probabilities that are none.
    """
    plain = method == "none" or not hasattr(fitted, "decision_function")
    answer = fitted.predict_proba if plain else fitted.decision_function
    found = np.asarray(answer(rows), dtype=np.float64)
    if len(found) != len(rows):
        raise ValueError(f"it answers {len(found)} of {len(rows)} rows")
    if found.shape != (len(rows), classes):
        columns = found.shape[1] if found.ndim > 1 else 1
        raise ValueError(f"it gives {columns} scores a row for {classes} classes")
    return checked_probabilities(found) if method == "none" else found


def checked_probabilities(found: np.ndarray) -> np.ndarray:
    """The same, each row divided by its sum. Raises ValueError where that is not about 1."""
    sums = found.sum(axis=1, keepdims=True)
    if (found < 0).any() or (np.abs(sums - 1) > _SUM).any():
        raise ValueError("its probabilities do not sum to 1")
    normalised: np.ndarray = found / sums
    return normalised


def cross_fit_classes(
    scores: np.ndarray,
    truth: np.ndarray,
    fold: np.ndarray,
    method: CalibrationMethod,
    *,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Calibrated out-of-fold probabilities, a column for each class: each fold's calibrator learns
    from the others. Rows that no fold held out (fold -1) come out as NaN.
    """
    if method == "none":
        return scores
    probability = np.full(scores.shape, np.nan)
    for number in np.unique(fold[fold >= 0]):
        inside, others = fold == number, (fold >= 0) & (fold != number)
        of_others = None if weights is None else weights[others]
        with one_thread():
            model = fit_calibrator(scores[others], truth[others], method, weights=of_others)
            probability[inside] = model.predict_proba(scores[inside])
    return probability
