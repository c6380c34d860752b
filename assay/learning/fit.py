"""The last fit: the pipeline on all training rows, calibrated, its threshold set by the costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

from assay.config.use_case import UseCase
from assay.learning import calibration
from assay.learning.learning_problem import LearningProblem, weight_params
from assay.learning.one_thread import one_thread
from assay.learning.scores import cost_threshold
from assay.learning.search import SearchOutcome


@dataclass(frozen=True)
class Plain:
    """A fitted pipeline, and the classifier around it that is served."""

    pipeline: Pipeline
    model: FixedThresholdClassifier


def fit_plain_model(pipeline: Pipeline, problem: LearningProblem, scores: np.ndarray) -> Plain:
    """Fit `pipeline`, its parameters set, to all training rows; weighted if the problem says so.

    `scores` are out-of-fold, for the calibration. Plain scikit-learn, in one thread: some models
    store the number of threads.
    """
    rows, whole = problem.rows, problem.truth.astype(np.int64)
    with one_thread():
        pipeline.fit(rows, whole, **weight_params(problem, np.arange(len(rows))))
        model = calibration.calibrate_classifier(
            pipeline, scores, whole, problem.candidate.calibrate, weights=problem.weights
        )
        fixed = FixedThresholdClassifier(
            FrozenEstimator(model),
            threshold=cost_threshold(problem.use_case.performance.cost),
            pos_label=1,
            response_method="predict_proba",
        )
        return Plain(pipeline, fixed.fit(rows, whole))


def unmitigated_decisions(outcome: SearchOutcome, use_case: UseCase) -> np.ndarray:
    """The plain model's out-of-fold decisions, bool a row; False for rows never held out."""
    decided: np.ndarray = outcome.probability >= cost_threshold(use_case.performance.cost)
    return decided
