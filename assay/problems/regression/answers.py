"""One model's answers to rows with known amounts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.errors import DataError, suggest_name
from assay.gates.statistics.cluster_errors import MIN_CLUSTERS, Clusters
from assay.gates.statistics.intervals import Bools, Floats

ANSWER_COLUMNS = ("row", "truth", "prediction", "low", "high")
"""Columns of answers that name no groups."""
MIN_ROWS = 30
"""Fewer rows are not judged: Student's interval of a mean is not yet right for skewed errors."""


@dataclass(frozen=True, slots=True)
class AmountAnswers:
    """Outcomes, predictions and the limits of the delivered intervals, one entry a row each, in the
    target's unit.
    """

    truth: Floats
    prediction: Floats
    low: Floats
    high: Floats

    @property
    def errors(self) -> Floats:
        """Predicted minus true: negative where the prediction is too low."""
        return self.prediction - self.truth

    @property
    def covered(self) -> Bools:
        """Whether the interval holds the outcome."""
        return (self.low <= self.truth) & (self.truth <= self.high)

    def of(self, rows: Bools) -> AmountAnswers:
        """The answers to some of the rows."""
        return AmountAnswers(*(v[rows] for v in (self.truth, self.prediction, self.low, self.high)))


def read_answers(frame: pd.DataFrame, name: str) -> AmountAnswers:
    """The answers in a frame with the columns truth, prediction, low and high.

    Raises DataError for an absent column, for values that are no finite numbers, and for an
    interval whose ends are swapped.
    """
    truth, prediction, low, high = (
        read_amounts(frame, column, name) for column in ("truth", "prediction", "low", "high")
    )
    swapped = int((low > high).sum())
    if swapped:
        raise DataError(f"the {name} hold {swapped:,} intervals whose low end lies above the high")
    return AmountAnswers(truth, prediction, low, high)


def read_amounts(frame: pd.DataFrame, column: str, name: str) -> Floats:
    """A column of finite numbers. Raises DataError, which names the frame by `name`."""
    if column not in frame:
        remedy = suggest_name(column, map(str, frame.columns))
        raise DataError(f"the {name} have no column {column!r}", remedy=remedy)
    values = pd.to_numeric(frame[column], errors="coerce").to_numpy(float, na_value=np.nan)
    odd = int((~np.isfinite(values)).sum())
    if odd:
        raise DataError(f"the {name} hold {odd:,} values in {column!r} that are no finite numbers")
    return np.asarray(values)


def too_few_remedy(rows: int, clusters: Clusters | None = None) -> str:
    """What to do where rows, or the clusters that they are of, are too few; empty where enough."""
    if rows < MIN_ROWS:
        return f"At least {MIN_ROWS} rows are needed to judge; there are {rows:,}."
    if clusters is None:
        return ""
    worth = clusters.effective(np.ones(rows, dtype=bool))
    least = MIN_CLUSTERS if clusters.name else MIN_ROWS
    if worth >= least:
        return ""
    return (
        f"{clusters.request}: at least {least} are needed "
        f"(counted as if equally large), and there are {worth:.0f}."
    )
