"""A candidate's answers with the weights of their rows, as gates take them.

Sampling weights go beside the answers. Rows that stand for several observed rows are repeated, so
that a frequency of 3 is three rows in every estimate and in every interval.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from assay.config.use_case import UseCase
from assay.dataset.row_weights import WEIGHT_COLUMN, Floats
from assay.gates.report import Report
from assay.problems.problem_type import TestRows


@dataclass(frozen=True)
class WeightedAnswers:
    """Answers without their column of weights, and these; None where all rows count alike. `rows`
    are the places that the answers had before, each as often as it is repeated.
    """

    answers: pd.DataFrame
    weights: Floats | None
    rows: np.ndarray | None = None

    def repeat(self, series: pd.Series | None) -> pd.Series | None:
        """One value for each of the answers, from one for each before."""
        if series is None or self.rows is None:
            return series
        return series.iloc[self.rows].reset_index(drop=True)

    def repeat_rows(self, known: TestRows) -> TestRows:
        """What is known of the rows, for each of the answers."""
        if self.rows is None:
            return known
        take = self.rows
        return replace(
            known,
            features=None if known.features is None else known.features.iloc[take],
            units=self.repeat(known.units),
            champion=None if known.champion is None else known.champion.iloc[take],
            newest=None if known.newest is None else known.newest[take],
        )


def take_weights(answers: pd.DataFrame, use_case: UseCase) -> WeightedAnswers:
    """The answers to rows that count, and how much; rows of frequencies repeated."""
    declared = use_case.data.weight
    if declared is None:
        return WeightedAnswers(answers, None)
    weights = answers[WEIGHT_COLUMN].to_numpy(float)
    plain = answers.drop(columns=WEIGHT_COLUMN)
    if declared.kind == "sampling":
        rows = np.flatnonzero(weights > 0)
        if len(rows) == len(plain):
            return WeightedAnswers(plain, weights)
        return WeightedAnswers(plain.iloc[rows].reset_index(drop=True), weights[rows], rows)
    rows = np.repeat(np.arange(len(plain)), weights.astype(np.int64))
    return WeightedAnswers(plain.iloc[rows].reset_index(drop=True), None, rows)


FEASIBILITY_NOTE = (
    "These checks count rows alike: data.weight counts in training and in the gates of candidates. "
    "Where weights vary much, the rows tell less than they seem to here."
)
TEST_ROWS_NOTE = (
    "All test rows count alike here, whatever data.weight says: by their weights, figures differ."
)
SCORED_ROWS_NOTE = (
    "All rows count alike here: scored rows carry no weight, and data.weight says only how the "
    "rows of the source were drawn."
)


def note_unweighted(report: Report, use_case: UseCase, note: str) -> Report:
    """The report of a gate that counts rows, with `note` where the use case has weights."""
    if use_case.data.weight is None:
        return report
    return report.model_copy(update={"notes": (*report.notes, note)})
