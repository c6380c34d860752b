"""How the explanation gate reads predicted amounts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from assay.config.data import Target
from assay.config.gates import LOWER_IS_BETTER, Performance, RegressionMetric
from assay.gates.performance.metric_titles import metric_title, metric_unit
from assay.gates.statistics.intervals import Bools, Floats
from assay.problems.regression.amount_text import format_amount, with_unit
from assay.problems.regression.answers import read_amounts
from assay.problems.regression.metrics import compute_metric


@dataclass(frozen=True)
class PointAmounts:
    """Predicted amounts, one float64 entry a row."""

    prediction: Floats

    def of(self, rows: Bools) -> PointAmounts:
        return PointAmounts(self.prediction[rows])


class AmountScale:
    """Amounts. An answer is another one if it moves by more than the model's mean absolute error:
    less would be lost in what it errs anyway.
    """

    def __init__(self, performance: Performance, target: Target) -> None:
        self._performance = performance
        self._amounts = target.unit or ""

    @property
    def metric(self) -> RegressionMetric:
        return cast(RegressionMetric, self._performance.choose_by)

    @property
    def title(self) -> str:
        return metric_title(self.metric)

    @property
    def unit(self) -> str:
        return metric_unit(self._performance.choose_by, self._amounts)

    @property
    def worsens(self) -> str:
        return "rises" if self.metric in LOWER_IS_BETTER else "falls"

    @property
    def response_axis(self) -> str:
        return f"mean answer, {self._amounts}" if self._amounts else "mean answer"

    def read_truth(self, predictions: pd.DataFrame) -> Floats:
        return read_amounts(predictions, "truth", "predictions")

    def read_answers(self, answers: pd.DataFrame) -> PointAmounts:
        return PointAmounts(read_amounts(answers, "prediction", "answers"))

    def loss(self, truth: Floats, answers: PointAmounts) -> float:
        score = compute_metric(
            self.metric, truth, answers.prediction, unit_cost=self._performance.unit_cost
        )
        if self.metric == "mean_error":
            return abs(score)
        return score if self.metric in LOWER_IS_BETTER else -score

    def flipped(self, truth: Floats, before: pd.DataFrame, after: pd.DataFrame) -> Bools:
        moved = np.abs(after["prediction"].to_numpy(float) - before["prediction"].to_numpy(float))
        return np.asarray(~(moved <= self._typical_error(truth, before)))

    def flip_rule(self, truth: Floats, before: pd.DataFrame) -> str:
        typical = with_unit(format_amount(self._typical_error(truth, before)), self._amounts)
        return f"answer moves by more than the model's mean absolute error ({typical})"

    def responses(self, answers: pd.DataFrame) -> Mapping[str, Floats]:
        return {"answer": answers["prediction"].to_numpy(dtype=float)}

    @staticmethod
    def _typical_error(truth: Floats, before: pd.DataFrame) -> float:
        return float(np.abs(before["prediction"].to_numpy(float) - truth).mean())
