"""How a yes or no is learnt and scored: scores, calibrated out of fold, decided by the costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from assay.learning import calibration
from assay.learning.folds import fold_of_row
from assay.learning.learning_problem import JudgedAnswers, LearningProblem
from assay.learning.scores import compute_score, cost_threshold, is_better


class YesNoAnswers:
    """An `AnswerMethod`: raw answers are the calibrator's scores, judged ones probabilities."""

    def fit_outcomes(self, truth: np.ndarray) -> np.ndarray:
        found: np.ndarray = truth.astype(np.int64)
        return found

    def raw_answers(self, fitted: Any, rows: pd.DataFrame, problem: LearningProblem) -> np.ndarray:
        return calibration.calibrator_scores(fitted, rows, problem.candidate.calibrate)

    def judge(self, raw: np.ndarray, problem: LearningProblem) -> JudgedAnswers:
        fold = fold_of_row(problem.folds, len(raw))
        method = problem.candidate.calibrate
        probability = calibration.cross_fit_probabilities(
            raw, problem.truth, fold, method, weights=problem.weights
        )
        asked = problem.use_case.performance
        decision = probability >= cost_threshold(asked.cost)
        scores = [
            compute_score(
                asked.choose_by,
                problem.truth[held],
                probability[held],
                decision[held],
                asked.cost,
                weights=problem.weights_of(held),
            )
            for _, held in problem.folds
        ]
        return JudgedAnswers(scores, probability)

    def is_better(self, score: float, rival: float, problem: LearningProblem) -> bool:
        return is_better(problem.use_case.performance.choose_by, score, rival)
