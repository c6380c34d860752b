"""What of an answer is explained by its columns, as a question's type has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd


class ExplainedAnswer(Protocol):
    """The numbers that an answer rests on, and what is said of a column that moved one of them."""

    @property
    def can_be_yes(self) -> bool:
        """Whether an answer is a yes or no, so that a no has a change that would make it yes."""

    def measure(self, fitted: Any, rows: pd.DataFrame) -> NDArray[np.float64]:
        """The numbers behind the fitted object's answers, (rows, outputs). `rows` are as the
        pipeline takes them (see `signature.cast_frame`).
        """

    def choose_outputs(self, answers: pd.DataFrame) -> NDArray[np.int64]:
        """Which output each answer is about, a row each."""

    def smallest_effect(self, values: NDArray[np.float64]) -> float:
        """The effect from which a column counts as a reason. `values`: what `measure` gave for many
        rows.
        """

    def describe_push(self, effect: float, output: int) -> str:
        """Which way a column pushed the answer, in words: "lowers the probability of killed"."""


SMALLEST_PUSH = 0.001
"""Of a probability, or of the spread of amounts: a column that moved the answer by less is no
reason."""


def describe_probability_push(effect: float, outcome: str) -> str:
    """Which way a column pushed a probability."""
    return f"{'raises' if effect > 0 else 'lowers'} the probability of {outcome}"
