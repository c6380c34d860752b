"""How amounts are learnt and scored while parameters are searched."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd

from assay.config.gates import RegressionMetric
from assay.gates.statistics.weighted_quantiles import weighted_quantile
from assay.learning.folds import fold_of_row
from assay.learning.learning_problem import JudgedAnswers, LearningProblem
from assay.problems.regression.conformal import centre_quantile
from assay.problems.regression.metrics import compute_metric, is_better
from assay.problems.regression.scale import (
    from_learning_scale,
    smearing_factor,
    to_learning_scale,
)
from assay.tables.columns import MAX_NUMBER


class AmountLearning:
    """An `AnswerMethod`: raw answers are values on the learning scale, judged ones are amounts.

    Amounts are made of values without a spread model, which would be learnt anew for each
    combination: where a quantile is asked for, residuals of other folds shift all rows alike.
    """

    def __init__(self, log: bool) -> None:
        self.log = log

    def fit_outcomes(self, truth: np.ndarray) -> np.ndarray:
        return to_learning_scale(truth, self.log)

    def raw_answers(
        self,
        fitted: Any,
        rows: pd.DataFrame,
        problem: LearningProblem,  # noqa: ARG002 - the protocol
    ) -> np.ndarray:
        found = np.asarray(fitted.predict(rows), dtype=np.float64)
        if found.shape != (len(rows),):
            raise ValueError(f"it answers {found.shape} numbers for {len(rows)} rows")
        limit = np.log(MAX_NUMBER) if self.log else MAX_NUMBER
        if (np.abs(found) > limit).any():
            raise ValueError(f"it predicts amounts beyond {MAX_NUMBER:g}")
        return found

    def judge(self, raw: np.ndarray, problem: LearningProblem) -> JudgedAnswers:
        fold = fold_of_row(problem.folds, len(raw))
        residuals = to_learning_scale(problem.truth, self.log) - raw
        centre = centre_quantile(problem.use_case.performance)
        amounts = np.full(len(raw), np.nan)
        for number in np.unique(fold[fold >= 0]):
            inside, others = fold == number, residuals[(fold >= 0) & (fold != number)]
            counted = problem.weights_of((fold >= 0) & (fold != number))
            shift = 0.0 if centre is None else weighted_quantile(others, centre, counted)
            factor = smearing_factor(others, self.log, counted) if centre is None else 1.0
            amounts[inside] = from_learning_scale(raw[inside] + shift, self.log) * factor
        return JudgedAnswers(fold_scores(amounts, problem), amounts)

    def is_better(self, score: float, rival: float, problem: LearningProblem) -> bool:
        return is_better(_choice(problem), score, rival)


def fold_scores(amounts: np.ndarray, problem: LearningProblem) -> list[float]:
    """`performance.choose_by` on each fold's held-out rows."""
    cost = problem.use_case.performance.unit_cost
    return [
        compute_metric(
            _choice(problem),
            problem.truth[held],
            amounts[held],
            unit_cost=cost,
            weights=problem.weights_of(held),
        )
        for _, held in problem.folds
    ]


def _choice(problem: LearningProblem) -> RegressionMetric:
    return cast(RegressionMetric, problem.use_case.performance.choose_by)
