"""Whether a column holds together rows that the split tears apart, for classes and amounts."""

from __future__ import annotations

import numpy as np

from assay.gates.feasibility.grouped_rows import LEVEL, GroupedScore, find_grouped_rows
from assay.gates.report import Check, Interval, Sheet
from assay.gates.statistics.auc_clusters import clustered_covariance
from assay.gates.statistics.intervals import Bools, Floats, make_interval, normal_quantile
from assay.problems.feasibility.question_rows import QuestionRows


def check_grouped_rows(data: QuestionRows, score: str) -> tuple[Check, Sheet | None]:
    """As for a yes or no, by the explained share of the loss, which people know as `score`."""

    def residuals() -> Floats:
        return data.residuals(data.answers())

    def fit_predict(train: Bools, held: Bools, column: str) -> Floats:
        return data.fit_predict(train, held, excluded_columns=(column,))

    def compare(
        rows: Bools, one: Floats, other: Floats, codes: np.ndarray
    ) -> tuple[float, float, Interval]:
        losses = [_losses_of(data, rows, answers) for answers in (one, other)]
        drop = losses[1] - losses[0]
        influence = (drop - drop.mean())[None, :] / len(drop)
        variance = float(clustered_covariance(influence, codes[rows])[0, 0])
        half = normal_quantile(LEVEL) * float(np.sqrt(variance))
        interval = make_interval(drop.mean() - half, drop.mean() + half, LEVEL)
        return 1 - float(losses[0].mean()), 1 - float(losses[1].mean()), interval

    return find_grouped_rows(data, GroupedScore(score, residuals, fit_predict, compare))


def _losses_of(data: QuestionRows, rows: Bools, answers: Floats) -> Floats:
    whole = np.zeros((len(rows), *answers.shape[1:]))
    whole[rows] = answers
    return data.row_losses(whole)[rows]
