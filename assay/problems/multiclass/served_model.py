"""A fitted model of several classes as it is stored and served."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from assay.problems.multiclass.answer_frame import answer_frame
from assay.problems.multiclass.class_thresholds import decide_with_thresholds
from assay.problems.multiclass.conformal import mark_sets
from assay.problems.multiclass.metrics import decide_classes


class ServedClasses:
    """A classifier with calibrated probabilities, what errors cost, and the limits of its sets.

    `classifier` knows the classes by their codes; `labels` are their names, in order.
    """

    def __init__(
        self, classifier: Any, labels: tuple[str, ...], costs: np.ndarray, limits: np.ndarray
    ) -> None:
        self.classifier = classifier
        self.labels = labels
        self.costs = costs
        self.limits = limits

    def answer(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The columns decision, probability_<class> and set, on the rows' index.

        `rows` are as the pipeline takes them. Probabilities that are no numbers, are negative or do
        not sum to 1 come out as NaN, each row by itself.
        """
        return self._answer(rows, lambda probability: decide_classes(probability, self.costs))

    def _answer(
        self, rows: pd.DataFrame, decide: Callable[[np.ndarray], np.ndarray]
    ) -> pd.DataFrame:
        found = np.asarray(self.classifier.predict_proba(rows), dtype=np.float64)
        sums = found.sum(axis=1, keepdims=True)
        sound = np.isfinite(found).all(axis=1) & (found >= 0).all(axis=1)
        sound &= np.isclose(sums[:, 0], 1.0, atol=1e-6)
        even = np.full(found.shape, 1 / len(self.labels))
        whole = np.divide(found, sums, out=even, where=sound[:, None])
        decided, members = decide(whole), mark_sets(whole, self.limits)
        shown = np.where(sound[:, None], whole, np.nan)
        return answer_frame(shown, decided, members, self.labels, rows.index)


class ServedGroupClasses(ServedClasses):
    """One whose decisions depend on a row's group. Rows of groups without thresholds, such as those
    that training never saw, are decided as if nothing were mitigated.
    """

    def __init__(
        self,
        classifier: Any,
        labels: tuple[str, ...],
        costs: np.ndarray,
        limits: np.ndarray,
        thresholds: dict[str, np.ndarray],
    ) -> None:
        super().__init__(classifier, labels, costs, limits)
        self.thresholds = thresholds

    def answer(self, rows: pd.DataFrame, groups: np.ndarray | None = None) -> pd.DataFrame:
        """As the parent's, with each row's group, a text label."""
        assert groups is not None, "such a model is told the groups"
        return self._answer(
            rows,
            lambda probability: decide_with_thresholds(
                self.thresholds, probability, self.costs, groups
            ),
        )
