"""Rows whose outcome is one of several classes, and what a quick learner answers to them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.config.data import Target
from assay.config.gates import PerformanceMetric
from assay.dataset.target import no_label_error
from assay.errors import DataError
from assay.gates.feasibility.all_rows import OutcomeReading
from assay.gates.feasibility.score_estimates import ScoreEstimates
from assay.gates.statistics.intervals import Bools, Floats
from assay.problems.feasibility.question_rows import QuestionRows, boosting_size
from assay.problems.multiclass.quick_scores import estimate_class_scores
from assay.tables.value_match import match_value

MAX_CLASSES = 100  # of more, no check of each class against the rest is worth its time
MIN_ROUNDS = 8
TREES = 200  # of all classes together


@dataclass(frozen=True)
class ClassRows(QuestionRows):
    """Outcomes are class codes, 0 to K - 1 in the target's order; answers are probabilities."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes by name, in the target's order."""
        return self.use_case.data.target.class_labels

    @property
    def relative_cost(self) -> int:
        """A tree a class in each round, and each column against each class."""
        return 2 * len(self.classes)

    @cached_property
    def costs(self) -> Floats:
        """What deciding a class (column) costs where another is true (row)."""
        named = self.use_case.performance.cost_matrix
        return np.array(
            [
                [
                    0.0 if one == other else float(named.get(one, {}).get(other, 1.0))
                    for other in self.classes
                ]
                for one in self.classes
            ]
        )

    @property
    def signal_targets(self) -> Floats:
        """One column a class: whether it is that one."""
        return one_hot(self.labels, len(self.classes))

    def sample_rows(self, max_rows: int) -> np.ndarray:
        return sample_classes(self.truth, max_rows, self.seed)

    def answer_kind(self, name: PerformanceMetric) -> str:  # noqa: ARG002 - all have one
        return ""

    def estimate(self, name: PerformanceMetric, answers: Floats) -> ScoreEstimates:
        return estimate_class_scores(name, self.labels, answers, self.costs, self.entities)

    def score_unit(self, name: PerformanceMetric) -> float | None:
        """Costs are in any unit, so they are measured by what the best single class costs."""
        if name != "cost":
            return None
        shares = np.bincount(self.labels, minlength=len(self.classes)) / len(self.labels)
        return float((shares @ self.costs).min())

    def row_losses(self, answers: Floats) -> Floats:
        """Brier's score of each row over that of the classes' shares."""
        shares = self.signal_targets.mean(axis=0)
        return np.asarray(
            ((answers - self.signal_targets) ** 2).sum(axis=1) / (1 - (shares**2).sum())
        )

    def outcome_masks(self) -> dict[str, Bools]:
        column = self.use_case.data.target.column
        return {f"{column}={name}": self.truth == k for k, name in enumerate(self.classes)}

    def fit_predict(
        self,
        training_mask: Bools,
        holdout_mask: Bools,
        *,
        kind: str = "",  # noqa: ARG002 - there is one
        excluded_columns: tuple[str, ...] = (),
    ) -> Floats:
        """Probabilities (rows, classes); 0 for a class that the learner has not seen."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        seen = self.seen_columns(excluded_columns)
        labels, total = self.labels[training_mask], len(self.classes)
        present, rows = np.unique(labels), int(holdout_mask.sum())
        found = np.zeros((rows, total))
        if len(present) < 2 or not seen.any():
            found[:] = np.bincount(labels, minlength=total) / max(len(labels), 1)
            return found
        size = boosting_size(int(seen.sum()))
        rounds = max(min(size.rounds, TREES // len(present)), MIN_ROUNDS)
        learner = HistGradientBoostingClassifier(
            max_iter=rounds,
            learning_rate=min(size.learning_rate * size.rounds / rounds, 0.5),
            max_bins=size.max_bins,
            max_leaf_nodes=15,
            min_samples_leaf=10,
            l2_regularization=1.0,
            early_stopping=False,
            categorical_features=self.encoded_features.is_categorical[seen],
            random_state=self.seed,
        )
        matrix = self.encoded_features.matrix
        matrix = matrix if seen.all() else matrix[:, seen]
        learner.fit(matrix[training_mask], labels)
        found[:, present] = learner.predict_proba(matrix[holdout_mask])
        return found


def one_hot(codes: np.ndarray, classes: int) -> Floats:
    """(rows, classes): 1 for the class of each row."""
    return np.asarray(np.eye(classes)[codes])


def sample_classes(codes: np.ndarray, max_rows: int, seed: int) -> np.ndarray:
    """Numbers of about `max_rows` rows, or of all: at random, with the share of each class kept,
    and at least a row of each."""
    total = len(codes)
    if total <= max_rows:
        return np.arange(total)
    rng = np.random.default_rng(seed)
    picked = []
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        picked.append(rng.choice(rows, max(round(len(rows) * max_rows / total), 1), replace=False))
    return np.sort(np.concatenate(picked))


def read_classes(column: pa.ChunkedArray, target: Target) -> tuple[Bools, np.ndarray]:
    """Which rows hold a class; the codes of these. Raises DataError where fewer than two do, or
    too many are asked for."""
    codes = match_classes(column, target)
    held = codes >= 0
    if not held.any():
        raise no_label_error(target)
    present = np.unique(codes[held])
    if len(target.class_labels) > MAX_CLASSES:
        raise DataError(
            f"{target.column!r} has {len(target.class_labels)} classes; at most {MAX_CLASSES} can"
            " be told apart here",
            remedy="Merge classes that lead to the same decision, or ask about groups of them.",
        )
    if len(present) < 2:
        raise DataError(
            f"every row of a class has {target.class_labels[int(present[0])]!r} in"
            f" {target.column!r}: there is nothing to tell apart",
            remedy="Add rows of other classes, or correct data.target.classes.",
        )
    return held, codes[held]


def match_classes(column: pa.ChunkedArray, target: Target) -> np.ndarray:
    """The class code of each row; -1 for a missing value and for what is no class."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    codes = np.full(len(column), -1, dtype=np.int64)
    known = pc.fill_null(pc.is_valid(column), False).to_numpy()
    for code, value in enumerate(target.classes):
        matched = match_value(column, value)
        codes[known & np.equal(matched, True)] = code
    return codes


CLASSES = OutcomeReading(read_classes, sample_classes)
