"""What the checks share: the labelled rows, their truth, folds, and a quick learner's answers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from assay.config.use_case import UseCase
from assay.dataset.row_source import FrameOrTable
from assay.gates.feasibility.all_rows import read_all_rows, sample_rows
from assay.gates.feasibility.labelled_rows import FOLDS, LabelledRows
from assay.gates.statistics.intervals import Bools, Floats

CELLS_PER_SECOND = 50_000  # features times rows that all checks together bear, with room to spare
ROUNDS, LEARNING_RATE = 60, 0.1  # of boosting
MAX_NARROW_FEATURES = 100  # features up to which there are so many rounds; of more, each is dearer
MIN_ROUNDS = 12
MIN_SAMPLE_ROWS = 2_000  # below, sampling would cost more certainty than it saves time


@dataclass(frozen=True)
class FeasibilityData(LabelledRows):
    """Rows whose outcome is yes or no, and what a quick learner says of them."""

    @classmethod
    def from_rows(cls, rows: FrameOrTable, use_case: UseCase, seed: int) -> FeasibilityData:
        """Raises DataError when the target is absent, holds no label, or one class only."""
        whole, frame, kept = read_all_rows(rows, use_case, seed)
        names = use_case.feature_columns(list(frame.columns))
        features = tuple(name for name in names if bool(frame[name].notna().any()))
        return cls(use_case, whole, frame, whole.truth[kept], kept, features, seed)

    @cached_property
    def sampled_rows(self) -> np.ndarray:
        """Numbers of the kept rows that learners see: all, or a sample. How many is decided by
        counts alone, never by the clock, so that the same inputs give the same report."""
        most = int(self.use_case.feasibility.within * CELLS_PER_SECOND / len(self.features))
        return sample_rows(self.truth, max(most, MIN_SAMPLE_ROWS), self.seed)

    @cached_property
    def weights(self) -> Floats | None:
        """How many rows each sampled row stands for, 1 on average; None where that is 1 for all.

        Of a rare class more rows are sampled than its share (see `sample_rows`). What depends on
        how rare it is, such as precision and log loss, must not take it for more frequent.
        """
        share, held = float(self.all_rows.truth.mean()), float(self.labels.mean())
        if abs(held - share) * len(self.labels) <= 2:  # two samples, each to the nearest row
            return None
        return np.where(self.labels, share / held, (1 - share) / (1 - held))

    @cached_property
    def probabilities(self) -> Floats:
        """Out-of-fold probability of each sampled row."""
        return self.predict_out_of_fold()

    @cached_property
    def _probabilities_by_share(self) -> dict[float, Floats]:
        return {}

    def probabilities_from(self, share: float) -> Floats:
        """The same, learned from a share of the rows, whole entities; a smaller share is a part
        of the larger one."""
        if share >= 1:
            return self.probabilities
        if share not in self._probabilities_by_share:
            total = int(self.units.max()) + 1
            drawn = np.random.default_rng(self.seed).permutation(total)
            self._probabilities_by_share[share] = self.predict_out_of_fold(
                training_mask=drawn[self.units] < share * total
            )
        return self._probabilities_by_share[share]

    def predict_out_of_fold(
        self,
        *,
        labels: Bools | None = None,
        training_mask: Bools | None = None,
        excluded_columns: tuple[str, ...] = (),
    ) -> Floats:
        """Probability (rows,) of each sampled row by a learner that saw the other folds.

        Of `labels`, if not the target's; learned from the rows of `training_mask` alone, and
        without the `excluded_columns`.
        """
        found = np.empty(len(self.sampled_rows))
        allowed = (
            np.ones(len(self.sampled_rows), dtype=bool) if training_mask is None else training_mask
        )
        for fold in range(FOLDS):
            held = self.folds == fold
            found[held] = self.fit_predict(
                ~held & allowed, held, labels=labels, excluded_columns=excluded_columns
            )
        return found

    def fit_predict(
        self,
        training_mask: Bools,
        holdout_mask: Bools,
        *,
        labels: Bools | None = None,
        excluded_columns: tuple[str, ...] = (),
    ) -> Floats:
        """Probabilities of the `holdout_mask` rows by a learner of the `training_mask` rows."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        truth = self.labels if labels is None else labels
        seen = np.array([name not in excluded_columns for name in self.encoded_features.names])
        weights = None if self.weights is None else self.weights[training_mask]
        if (
            len(np.unique(truth[training_mask])) < 2 or not seen.any()
        ):  # nothing to tell apart, or by
            base = (
                float(np.average(truth[training_mask], weights=weights))
                if training_mask.any()
                else 0.5
            )
            return np.full(int(holdout_mask.sum()), base)
        rounds = max(min(ROUNDS, ROUNDS * MAX_NARROW_FEATURES // int(seen.sum())), MIN_ROUNDS)
        learner = HistGradientBoostingClassifier(
            max_iter=rounds,
            learning_rate=min(LEARNING_RATE * ROUNDS / rounds, 0.5),
            max_bins=255 if rounds == ROUNDS else 63,
            max_leaf_nodes=15,
            min_samples_leaf=10,
            l2_regularization=1.0,
            early_stopping=False,
            categorical_features=self.encoded_features.is_categorical[seen],
            random_state=self.seed,
        )
        matrix = (
            self.encoded_features.matrix if seen.all() else self.encoded_features.matrix[:, seen]
        )
        learner.fit(matrix[training_mask], truth[training_mask], weights)
        answers: Floats = learner.predict_proba(matrix[holdout_mask])[:, 1]
        return answers
