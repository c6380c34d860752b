"""How the explanation gate reads answers of yes or no."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from assay.config.gates import LOWER_IS_BETTER, Performance, PerformanceMetric
from assay.gates.performance.metric_titles import metric_title
from assay.gates.performance.point_scores import ModelPredictions
from assay.gates.statistics.auc_clusters import placement_values
from assay.gates.statistics.intervals import Bools, Floats
from assay.learning.scores import compute_score


class DecisionScale:
    """Probabilities and decisions."""

    unit = ""
    response_axis = "mean probability of yes"

    def __init__(self, performance: Performance) -> None:
        self._performance = performance

    @property
    def metric(self) -> PerformanceMetric:
        return self._performance.choose_by

    @property
    def title(self) -> str:
        return metric_title(self.metric)

    @property
    def worsens(self) -> str:
        return "rises" if self.metric in LOWER_IS_BETTER else "falls"

    def read_truth(self, predictions: pd.DataFrame) -> Bools:
        return predictions["truth"].to_numpy(dtype=bool)

    def read_answers(self, answers: pd.DataFrame) -> ModelPredictions:
        return ModelPredictions(
            answers["probability"].to_numpy(dtype=float), answers["decision"].to_numpy(dtype=bool)
        )

    def loss(self, truth: Bools, answers: ModelPredictions) -> float:
        if truth.all() or not truth.any():
            raise ValueError("rows of one class define no score")
        if self.metric == "roc_auc":  # as scikit-learn's, in a fraction of its time
            placed = placement_values(truth, answers.probability[None])
            return -float(placed[0, truth].mean())
        cost = self._performance.cost
        score = compute_score(self.metric, truth, answers.probability, answers.decision, cost)
        return score if self.metric in LOWER_IS_BETTER else -score

    def flipped(
        self,
        truth: Bools,  # noqa: ARG002 - decisions flip whatever is true
        before: pd.DataFrame,
        after: pd.DataFrame,
    ) -> Bools:
        return np.asarray(before["decision"].to_numpy() != after["decision"].to_numpy())

    def flip_rule(self, truth: Bools, before: pd.DataFrame) -> str:  # noqa: ARG002 - as above
        return "decision is another one"

    def responses(self, answers: pd.DataFrame) -> Mapping[str, Floats]:
        return {"yes": answers["probability"].to_numpy(dtype=float)}
