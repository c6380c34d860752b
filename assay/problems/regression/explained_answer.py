"""What of an amount is explained: the amount, in the target's unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.config.data import Target
from assay.learning.one_thread import one_joblib_worker
from assay.problems.explained_answer import SMALLEST_PUSH


class ExplainedAmount:
    """The predicted amount."""

    can_be_yes = False

    def __init__(self, target: Target) -> None:
        self._unit = target.unit or ""

    def measure(self, fitted: Any, rows: pd.DataFrame) -> NDArray[np.float64]:
        with one_joblib_worker():
            return np.asarray(fitted.answer(rows)[["prediction"]], dtype=np.float64)

    def choose_outputs(self, answers: pd.DataFrame) -> NDArray[np.int64]:
        return np.zeros(len(answers), np.int64)

    def smallest_effect(self, values: NDArray[np.float64]) -> float:
        return SMALLEST_PUSH * float(np.nanstd(values))

    def describe_push(self, effect: float, output: int) -> str:  # noqa: ARG002 - there is but one
        way = "raises" if effect > 0 else "lowers"
        size = float(f"{abs(effect):.2g}")  # it is sampled: more digits would promise too much
        return f"{way} the estimate by about {size:,.10g} {self._unit}".rstrip()
