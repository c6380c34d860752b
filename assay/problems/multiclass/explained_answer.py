"""What of an answer about several classes is explained: the decided class's probability."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.config.data import Target
from assay.learning.one_thread import one_joblib_worker
from assay.problems.explained_answer import SMALLEST_PUSH, describe_probability_push


class ExplainedClass:
    """The probabilities by class, of which the decided one's counts."""

    can_be_yes = False

    def __init__(self, target: Target) -> None:
        self._labels = target.class_labels

    def measure(self, fitted: Any, rows: pd.DataFrame) -> NDArray[np.float64]:
        with one_joblib_worker():
            return np.asarray(fitted.classifier.predict_proba(rows), dtype=np.float64)

    def choose_outputs(self, answers: pd.DataFrame) -> NDArray[np.int64]:
        names = pd.Index(self._labels)
        return names.get_indexer(pd.Index(answers["decision"].astype(str))).astype(np.int64)

    def smallest_effect(self, values: NDArray[np.float64]) -> float:  # noqa: ARG002 - a share
        return SMALLEST_PUSH

    def describe_push(self, effect: float, output: int) -> str:
        return describe_probability_push(effect, self._labels[output])
