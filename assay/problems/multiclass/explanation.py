"""How the explanation gate reads answers that name one of several classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
import pandas as pd

from assay.config.data import Target
from assay.config.gates import LOWER_IS_BETTER, MulticlassMetric, Performance
from assay.gates.performance.metric_titles import metric_title
from assay.gates.statistics.intervals import Bools, Floats
from assay.problems.multiclass.answer_frame import probability_column
from assay.problems.multiclass.answers import ClassAnswers, Ints, read_answers, read_truth
from assay.problems.multiclass.metrics import compute_metric, cost_array


class ClassScale:
    """Probabilities of several classes, and the decided one."""

    unit = ""
    response_axis = "mean probability"

    def __init__(self, performance: Performance, target: Target) -> None:
        self._performance = performance
        self._target = target
        self._costs = cost_array(performance.cost_matrix, target.class_labels)

    @property
    def metric(self) -> MulticlassMetric:
        return cast(MulticlassMetric, self._performance.choose_by)

    @property
    def title(self) -> str:
        return metric_title(self._performance.choose_by)

    @property
    def worsens(self) -> str:
        return "rises" if self.metric in LOWER_IS_BETTER else "falls"

    def read_truth(self, predictions: pd.DataFrame) -> Ints:
        return read_truth(predictions, self._target, "predictions")

    def read_answers(self, answers: pd.DataFrame) -> ClassAnswers:
        columns = ["decision", *map(probability_column, self._target.class_labels)]
        return read_answers(answers[columns], self._target, "answers")

    def loss(self, truth: Ints, answers: ClassAnswers) -> float:
        score = compute_metric(
            self.metric, truth, answers.probability, answers.decision, costs=self._costs
        )
        return score if self.metric in LOWER_IS_BETTER else -score

    def flipped(
        self,
        truth: Ints,  # noqa: ARG002 - decisions flip whatever is true
        before: pd.DataFrame,
        after: pd.DataFrame,
    ) -> Bools:
        return np.asarray(before["decision"].to_numpy() != after["decision"].to_numpy())

    def flip_rule(self, truth: Ints, before: pd.DataFrame) -> str:  # noqa: ARG002 - as above
        return "decided class is another one"

    def responses(self, answers: pd.DataFrame) -> Mapping[str, Floats]:
        return {
            label: answers[probability_column(label)].to_numpy(dtype=float)
            for label in self._target.class_labels
        }
