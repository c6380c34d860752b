"""The last fit: the pipeline on all training rows, calibrated, its threshold set by the costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from assay.config.use_case import UseCase
from assay.learning import calibration
from assay.learning.scores import cost_threshold
from assay.learning.search import LearningProblem, SearchOutcome, weight_params


@dataclass(frozen=True)
class Plain:
    """A fitted pipeline, and the classifier around it that people are given."""

    pipeline: Pipeline
    model: FixedThresholdClassifier


def fit_plain_model(pipeline: Pipeline, problem: LearningProblem, scores: np.ndarray) -> Plain:
    """Fit `pipeline`, its parameters set, to all training rows; weighted if the problem says so.

    `scores` are out-of-fold, for the calibration. Plain scikit-learn. One thread, because the
    number of threads is written into some models.
    """
    rows, whole = problem.rows, problem.truth.astype(np.int64)
    with threadpool_limits(1):
        pipeline.fit(rows, whole, **weight_params(problem, np.arange(len(rows))))
        model = calibration.calibrate_classifier(
            pipeline, scores, whole, problem.candidate.calibrate
        )
        fixed = FixedThresholdClassifier(
            FrozenEstimator(model),
            threshold=cost_threshold(problem.use_case.performance.cost),
            pos_label=1,
            response_method="predict_proba",
        )
        return Plain(pipeline, fixed.fit(rows, whole))


def set_model_params(pipeline: Pipeline, params: dict[str, Any]) -> Pipeline:
    """The pipeline, with parameters of its model set."""
    return pipeline.set_params(**{f"model__{name}": value for name, value in params.items()})


def unmitigated_decisions(outcome: SearchOutcome, use_case: UseCase) -> np.ndarray:
    """What the plain model decides out of fold, bool a row; False for rows never held out."""
    decided: np.ndarray = outcome.probability >= cost_threshold(use_case.performance.cost)
    return decided
