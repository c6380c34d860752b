"""What one candidate learns from, and what a search asks of the question's type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from assay.config.candidates import Candidate
from assay.config.use_case import UseCase
from assay.learning.folds import Fold

FitProgress = Callable[[int, int, str], None]
"""Progress: done, of how many, and a few words about the last one."""

RowWeighting = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class LearningProblem:
    """One candidate's training rows, their outcomes (of a yes or no: bool), and the folds."""

    rows: pd.DataFrame
    truth: np.ndarray
    folds: Sequence[Fold]
    candidate: Candidate
    use_case: UseCase
    row_weights: RowWeighting | None = None
    """From row numbers to what these rows weigh in a fit, where that is not their `weights`."""
    weights: np.ndarray | None = None
    """How much each row counts, in fits, calibration and scores: float64; None where all alike."""

    def weights_of(self, rows: np.ndarray) -> np.ndarray | None:
        """The weights of rows by their numbers, or by a bool each; None where all count alike."""
        return None if self.weights is None else self.weights[rows]


def weight_params(problem: LearningProblem, rows: np.ndarray) -> dict[str, Any]:
    """The arguments of a pipeline's `fit` for the weights of these rows; none without weights."""
    found = problem.row_weights(rows) if problem.row_weights else problem.weights_of(rows)
    return {} if found is None else {"model__sample_weight": found}


@dataclass(frozen=True)
class JudgedAnswers:
    """`performance.choose_by` on each fold's held-out rows, and the answers that gave it, with an
    entry (or a row of entries) for each training row.
    """

    scores: list[float]
    answers: np.ndarray


class AnswerMethod(Protocol):
    """How a question's type learns, answers and scores. It travels to the processes that fit."""

    def fit_outcomes(self, truth: np.ndarray) -> np.ndarray:
        """What a pipeline is fitted to."""

    def raw_answers(self, fitted: Any, rows: pd.DataFrame, problem: LearningProblem) -> np.ndarray:
        """What is kept of rows that a fit held out: float64, an entry or a row of entries a row.

        Raises anything for answers that are of no use: the combination fails.
        """

    def judge(self, raw: np.ndarray, problem: LearningProblem) -> JudgedAnswers:
        """The scores of raw answers out of fold, NaN for rows that no fold held out."""

    def is_better(self, score: float, rival: float, problem: LearningProblem) -> bool:
        """Whether `score` is strictly better than `rival`, by `performance.choose_by`."""
