"""Labelled rows of classes or amounts, and what a quick learner answers to them out of fold."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from assay.config.gates import PerformanceMetric
from assay.config.use_case import UseCase
from assay.dataset.row_source import FrameOrTable
from assay.gates.feasibility.all_rows import OutcomeReading, read_all_rows
from assay.gates.feasibility.data import (
    CELLS_PER_SECOND,
    LEARNING_RATE,
    MAX_NARROW_FEATURES,
    MIN_ROUNDS,
    MIN_SAMPLE_ROWS,
    ROUNDS,
)
from assay.gates.feasibility.labelled_rows import FOLDS, LabelledRows
from assay.gates.feasibility.score_estimates import ScoreEstimates
from assay.gates.statistics.intervals import Bools, Floats


@dataclass(frozen=True, slots=True)
class BoostingSize:
    """How large the quick learner is."""

    rounds: int
    learning_rate: float
    max_bins: int


def boosting_size(columns: int) -> BoostingSize:
    """Sixty rounds; of more than a hundred columns fewer and larger ones."""
    rounds = max(min(ROUNDS, ROUNDS * MAX_NARROW_FEATURES // columns), MIN_ROUNDS)
    rate = min(LEARNING_RATE * ROUNDS / rounds, 0.5)
    return BoostingSize(rounds, rate, 255 if rounds == ROUNDS else 63)


@dataclass(frozen=True)
class QuestionRows(LabelledRows):
    """Rows whose outcomes are of one type. `kind` says what the learner aims at, where a type has
    several aims, such as the mean or the median.
    """

    @classmethod
    def from_rows(
        cls, rows: FrameOrTable, use_case: UseCase, seed: int, reading: OutcomeReading
    ) -> Self:
        """Raises DataError as `read_all_rows` does."""
        whole, frame, kept = read_all_rows(rows, use_case, seed, reading)
        names = use_case.feature_columns(list(frame.columns))
        features = tuple(name for name in names if bool(frame[name].notna().any()))
        return cls(use_case, whole, frame, whole.truth[kept], kept, features, seed)

    @property
    @abstractmethod
    def relative_cost(self) -> int:
        """How many times the work of a row of a yes or no a row of this question takes."""

    @property
    @abstractmethod
    def signal_targets(self) -> Floats:
        """The outcomes of the sampled rows as numbers (rows, k) that a line is fitted to."""

    @abstractmethod
    def sample_rows(self, max_rows: int) -> np.ndarray:
        """Numbers of about so many kept rows, or of all."""

    @abstractmethod
    def fit_predict(
        self,
        training_mask: Bools,
        holdout_mask: Bools,
        *,
        kind: str = "",
        excluded_columns: tuple[str, ...] = (),
    ) -> Floats:
        """Answers to the `holdout_mask` rows by a learner of the `training_mask` rows."""

    @abstractmethod
    def answer_kind(self, name: PerformanceMetric) -> str:
        """What the learner should aim at for the sake of a score."""

    @abstractmethod
    def estimate(self, name: PerformanceMetric, answers: Floats) -> ScoreEstimates:
        """The score of each of `answers` (k, rows, ...) to the sampled rows."""

    @abstractmethod
    def score_unit(self, name: PerformanceMetric) -> float | None:
        """Of a score in the target's unit, the score without a model; None of all others."""

    @abstractmethod
    def row_losses(self, answers: Floats) -> Floats:
        """What each of the sampled rows loses by `answers` (rows, ...) of the usual kind.

        The mean is 1 for the best answer that is the same for all rows, and 0 at best.
        """

    @abstractmethod
    def outcome_masks(self) -> dict[str, Bools]:
        """Kept rows by their outcome, each kind by its name for people."""

    def residuals(self, answers: Floats) -> Floats:
        """Targets minus `answers`, (rows, k), each target in its own standard deviations."""
        spread = self.signal_targets.std(axis=0)
        made = self.signal_targets - answers.reshape(self.signal_targets.shape)
        return np.asarray(made / np.where(spread > 0, spread, 1.0))

    @cached_property
    def sampled_rows(self) -> np.ndarray:
        """Numbers of the kept rows that learners see: all, or a sample. How many is decided by
        counts alone, never by the clock, so that the same inputs give the same report."""
        cells = self.use_case.feasibility.within * CELLS_PER_SECOND
        most = int(cells / (len(self.features) * self.relative_cost))
        return self.sample_rows(max(most, MIN_SAMPLE_ROWS))

    @cached_property
    def _answers(self) -> dict[tuple[str, float], Floats]:
        return {}

    def answers(self, kind: str = "", share: float = 1.0) -> Floats:
        """Answers to each sampled row by a learner that saw the other folds, or a share of their
        rows, whole units; a smaller share is a part of the larger one."""
        if (kind, share) not in self._answers:
            mask = None
            if share < 1:
                total = int(self.units.max()) + 1
                drawn = np.random.default_rng(self.seed).permutation(total)
                mask = drawn[self.units] < share * total
            self._answers[kind, share] = self.predict_out_of_fold(kind=kind, training_mask=mask)
        return self._answers[kind, share]

    def predict_out_of_fold(
        self,
        *,
        kind: str = "",
        training_mask: Bools | None = None,
        excluded_columns: tuple[str, ...] = (),
    ) -> Floats:
        """The same, learned from the rows of `training_mask` alone, and without columns."""
        total = len(self.sampled_rows)
        allowed = np.ones(total, dtype=bool) if training_mask is None else training_mask
        parts = {
            fold: self.fit_predict(
                (self.folds != fold) & allowed,
                self.folds == fold,
                kind=kind,
                excluded_columns=excluded_columns,
            )
            for fold in range(FOLDS)
        }
        found = np.empty((total, *parts[0].shape[1:]))
        for fold, answered in parts.items():
            found[self.folds == fold] = answered
        return found

    def separate(self, labels: Bools) -> Floats:
        """Out-of-fold probability (rows,) of other `labels` of the sampled rows."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        size = boosting_size(len(self.features))
        found = np.empty(len(labels))
        for fold in range(FOLDS):
            held = self.folds == fold
            learner = HistGradientBoostingClassifier(
                max_iter=size.rounds,
                learning_rate=size.learning_rate,
                max_bins=size.max_bins,
                max_leaf_nodes=15,
                min_samples_leaf=10,
                l2_regularization=1.0,
                early_stopping=False,
                categorical_features=self.encoded_features.is_categorical,
                random_state=self.seed,
            )
            if len(np.unique(labels[~held])) < 2:
                found[held] = labels[~held].mean()
                continue
            learner.fit(self.encoded_features.matrix[~held], labels[~held])
            found[held] = learner.predict_proba(self.encoded_features.matrix[held])[:, 1]
        return found

    def seen_columns(self, excluded_columns: tuple[str, ...]) -> Bools:
        """Which of the encoded columns the learner sees."""
        return np.array([name not in excluded_columns for name in self.encoded_features.names])
