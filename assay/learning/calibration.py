"""Calibration: from a classifier's scores to probabilities that match frequencies.

Calibrators learn from out-of-fold scores: on scores of rows that the classifier was fitted to,
they would learn its overconfidence. The search has these scores already, so calibration costs
no further fit. What comes out is scikit-learn's own `CalibratedClassifierCV` around the fitted
pipeline, equal to what it would have come to by itself with `ensemble=False`.

Sources: Platt 1999 (sigmoid); Zadrozny and Elkan 2002 (isotonic).
"""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator

from assay.learning.one_thread import one_thread

CalibrationMethod = Literal["sigmoid", "isotonic", "none"]


def calibrator_scores(fitted: Any, rows: Any, method: CalibrationMethod) -> np.ndarray:
    """One float64 a row: what the calibrator takes, or the probability itself for `none`.

    `decision_function` goes before `predict_proba`, as in CalibratedClassifierCV.
    """
    if method != "none" and hasattr(fitted, "decision_function"):
        found = np.asarray(fitted.decision_function(rows), dtype=np.float64)
        return found[:, -1] if found.ndim > 1 else found
    return np.asarray(fitted.predict_proba(rows), dtype=np.float64)[:, 1]


def calibrate_classifier(
    fitted: Any,
    scores: np.ndarray,
    truth: np.ndarray,
    method: CalibrationMethod,
    *,
    weights: np.ndarray | None = None,
) -> Any:
    """`fitted` with calibrated probabilities, learnt from its out-of-fold scores `scores`: float64,
    one entry a row, or a column for each class. Rows count for `weights` rows each, or for one.

    Rows with NaN scores (no fold held them out) take no part.
    """
    if method == "none":
        return fitted
    held = ~np.isnan(scores.reshape(len(scores), -1)).any(axis=1)
    of_held = None if weights is None else weights[held]
    model = fit_calibrator(scores[held], truth[held], method, weights=of_held)
    frozen = FrozenEstimator(fitted)
    model.set_params(estimator=frozen)
    model.calibrated_classifiers_[0].estimator = frozen
    return model


def cross_fit_probabilities(
    scores: np.ndarray,
    truth: np.ndarray,
    fold: np.ndarray,
    method: CalibrationMethod,
    *,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """Calibrated out-of-fold probabilities: each fold's calibrator learns from the others, in one
    thread, because thresholds for groups are chosen from them.

    `fold` numbers each row's fold, -1 for rows that none held out; these come out as NaN.
    """
    if method == "none":
        return scores
    probability = np.full(len(scores), np.nan)
    for number in np.unique(fold[fold >= 0]):
        inside, others = fold == number, (fold >= 0) & (fold != number)
        of_others = None if weights is None else weights[others]
        with one_thread():
            model = fit_calibrator(scores[others], truth[others], method, weights=of_others)
            probability[inside] = model.predict_proba(scores[inside].reshape(-1, 1))[:, 1]
    return probability


def fit_calibrator(
    scores: np.ndarray,
    truth: np.ndarray,
    method: CalibrationMethod,
    *,
    weights: np.ndarray | None = None,
) -> CalibratedClassifierCV:
    """The calibrator of these scores: float64, one entry a row, or a column for each class."""
    rows = scores.reshape(len(scores), -1)
    identity = FrozenEstimator(Given().fit(rows, truth))
    # The estimator is frozen: folds change nothing, and two are the least it takes.
    model = CalibratedClassifierCV(identity, method=method, ensemble=False, cv=2)
    with warnings.catch_warnings():
        # A frozen estimator takes no weights, and scikit-learn says so; its calibrator takes them.
        warnings.filterwarnings("ignore", message=".*sample_weight")
        return model.fit(rows, truth, sample_weight=weights)


class Given(ClassifierMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """Returns the scores that it is given as data."""

    def fit(self, rows: np.ndarray, truth: np.ndarray) -> Given:  # noqa: ARG002 - the protocol
        self.classes_ = np.unique(truth)
        return self

    def decision_function(self, rows: np.ndarray) -> np.ndarray:
        scores: np.ndarray = rows[:, 0] if rows.shape[1] == 1 else rows
        return scores

    def predict(self, rows: np.ndarray) -> np.ndarray:
        several = rows.shape[1] > 1
        decided: np.ndarray = (rows.argmax(axis=1) if several else rows[:, 0] > 0).astype(np.int64)
        return decided
