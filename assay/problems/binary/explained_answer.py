"""What of a yes or no is explained: the probability of yes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.config.data import Target
from assay.learning.one_thread import one_joblib_worker
from assay.problems.explained_answer import SMALLEST_PUSH, describe_probability_push


class ExplainedDecision:
    """The probability of yes. Thresholds that depend on a group, and the group, are left out."""

    can_be_yes = True

    def __init__(self, target: Target) -> None:
        limited = target.above is not None
        self._yes = f"{target.column} above {target.above:g}" if limited else str(target.positive)

    def measure(self, fitted: Any, rows: pd.DataFrame) -> NDArray[np.float64]:
        with one_joblib_worker():
            return np.asarray(fitted.predict_proba(rows), dtype=np.float64)[:, 1:]

    def choose_outputs(self, answers: pd.DataFrame) -> NDArray[np.int64]:
        return np.zeros(len(answers), np.int64)

    def smallest_effect(self, values: NDArray[np.float64]) -> float:  # noqa: ARG002 - a share
        return SMALLEST_PUSH

    def describe_push(self, effect: float, output: int) -> str:  # noqa: ARG002 - there is but one
        return describe_probability_push(effect, self._yes)
