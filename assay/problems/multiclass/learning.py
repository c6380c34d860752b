"""How classes are learnt and scored while parameters are searched."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd

from assay.config.gates import MulticlassMetric
from assay.learning.folds import fold_of_row
from assay.learning.learning_problem import JudgedAnswers, LearningProblem
from assay.problems.multiclass.metrics import (
    compute_metric,
    cost_array,
    decide_classes,
    is_better,
)
from assay.problems.multiclass.probabilities import class_scores, cross_fit_classes


class ClassLearning:
    """An `AnswerMethod`: raw answers are the calibrator's scores, judged ones probabilities, with a
    column for each class.
    """

    def fit_outcomes(self, truth: np.ndarray) -> np.ndarray:
        return truth

    def raw_answers(self, fitted: Any, rows: pd.DataFrame, problem: LearningProblem) -> np.ndarray:
        classes = len(problem.use_case.data.target.class_labels)
        return class_scores(fitted, rows, problem.candidate.calibrate, classes)

    def judge(self, raw: np.ndarray, problem: LearningProblem) -> JudgedAnswers:
        fold = fold_of_row(problem.folds, len(raw))
        probability = cross_fit_classes(
            raw, problem.truth, fold, problem.candidate.calibrate, weights=problem.weights
        )
        use_case = problem.use_case
        costs = cost_array(use_case.performance.cost_matrix, use_case.data.target.class_labels)
        scores = [
            compute_metric(
                _choice(problem),
                problem.truth[held],
                probability[held],
                decide_classes(probability[held], costs),
                costs=costs,
                weights=problem.weights_of(held),
            )
            for _, held in problem.folds
        ]
        return JudgedAnswers(scores, probability)

    def is_better(self, score: float, rival: float, problem: LearningProblem) -> bool:
        return is_better(_choice(problem), score, rival)


def _choice(problem: LearningProblem) -> MulticlassMetric:
    return cast(MulticlassMetric, problem.use_case.performance.choose_by)
