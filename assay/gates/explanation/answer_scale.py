"""How a type of question lets the explanation gate read answers: their loss, and when they flip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from assay.gates.statistics.intervals import Bools, Floats


class AnswerScale(Protocol):
    """What the gate asks of a type. Frames of answers are as a model gives them, one row a row."""

    @property
    def metric(self) -> str:
        """The question's `performance.choose_by`."""

    @property
    def title(self) -> str:
        """The metric's name at the head of a sentence."""

    @property
    def unit(self) -> str:
        """What the metric is counted in; empty for one without a unit."""

    @property
    def worsens(self) -> str:
        """What the metric does as a model gets worse: "falls" or "rises"."""

    @property
    def response_axis(self) -> str:
        """What `responses` are, for the axis of a curve."""

    def read_truth(self, predictions: pd.DataFrame) -> Any:
        """The outcomes of stored predictions, one array entry a row. Raises DataError."""

    def read_answers(self, answers: pd.DataFrame) -> Any:
        """The answers in a form whose `of(rows)` are those of some rows. Raises DataError."""

    def loss(self, truth: Any, answers: Any) -> float:
        """The metric, turned so that less is better. Raises ValueError where the rows do not define
        it, such as an ROC AUC of one class.
        """

    def flipped(self, truth: Any, before: pd.DataFrame, after: pd.DataFrame) -> Bools:
        """The rows whose answer is another one after than before."""

    def flip_rule(self, truth: Any, before: pd.DataFrame) -> str:
        """What counts as another answer, in a clause after "rows whose ..."."""

    def responses(self, answers: pd.DataFrame) -> Mapping[str, Floats]:
        """The numbers whose means a curve shows, by the curve's name."""
