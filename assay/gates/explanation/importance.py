"""Permutation importance of groups of columns, with intervals.

A group's columns take the values of another row, together, and the rise of the loss is the group's
importance. It is the estimate of Breiman, Machine Learning 45 (2001), without a row that keeps its
own value: the U-statistic of model reliance, Fisher, Rudin & Dominici, JMLR 20 (2019), section 4.
scikit-learn's `permutation_importance` gives the same number for one column at a time (a test holds
both together), but no groups, and a spread over permutations alone.

Values are exchanged within blocks of rows, and the interval is that of the delete-a-group jackknife
over these blocks (Kott, Journal of Official Statistics 17 (2001) 521-526) with Student's quantile.
A block that is left out takes its donors with it. So the interval covers which rows there are, as
receivers and as donors, and which permutations were drawn. It does not cover another training.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from assay.gates.explanation.answer_scale import AnswerScale
from assay.gates.explanation.explained_rows import FOLDS, ExplainedModel, ExplainedRows
from assay.gates.statistics.intervals import Estimate, Floats, make_interval

Columns = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class GroupImportance:
    """How much the loss rises without what a group of columns says. `without_block` (blocks,): the
    same without one block of rows. `by_fold` (5,): in each fifth of the rows; NaN where the metric
    is not defined.
    """

    columns: Columns
    value: float
    without_block: Floats
    by_fold: Floats

    @property
    def estimate(self) -> Estimate:
        return jackknife_estimate(self.value, self.without_block)

    def minus(self, other: GroupImportance) -> Estimate:
        """How much larger it is than another model's on the same rows and permutations."""
        return jackknife_estimate(
            self.value - other.value, self.without_block - other.without_block
        )

    @property
    def matters(self) -> bool:
        """Whether it is surely above zero."""
        low = self.estimate.interval.low
        return low is not None and low > 0


def jackknife_estimate(value: float, without_block: Floats, level: float = 0.95) -> Estimate:
    """A value with its interval, from the same value without each block of rows in turn."""
    from scipy.stats import t

    count = len(without_block)
    spread = ((without_block - without_block.mean()) ** 2).sum() * (count - 1) / count
    half = float(t.ppf((1 + level) / 2, count - 1) * np.sqrt(spread)) if count > 1 else np.nan
    return Estimate(value, make_interval(value - half, value + half, level))


def measure_importance(
    model: ExplainedModel, rows: ExplainedRows, scale: AnswerScale, groups: Sequence[Columns]
) -> list[GroupImportance] | None:
    """The importance of each group, in order; None where the rows do not define the metric.

    Columns that the model does not take change nothing: their importance is exactly 0.
    """
    truth = scale.read_truth(rows.predictions)
    before = _Losses(scale, truth, model.predict(rows.features), rows)
    if not np.isfinite(before.whole):
        return None
    donors, own = rows.donors(), set(model.columns)
    copies = np.tile(np.arange(len(rows)), rows.repeats)
    frame, tiled = rows.features.iloc[copies].reset_index(drop=True), truth[copies]
    found = []
    for group in groups:
        changed = [name for name in group if name in own]
        after = before
        if changed:
            exchanged = rows.features[changed].iloc[donors].reset_index(drop=True)
            answers = model.predict(frame.assign(**{name: exchanged[name] for name in changed}))
            after = _Losses(scale, tiled, answers, rows)
        found.append(
            GroupImportance(
                columns=tuple(group),
                value=float(_rise(after.whole, before.whole)),
                without_block=_rise(after.without_block, before.without_block),
                by_fold=_rise(after.by_fold, before.by_fold),
            )
        )
    return found


def _rise(after: ArrayLike, before: ArrayLike) -> Floats:
    """After minus before, elementwise; 0 where they differ by rounding alone: the same answers of
    more rows are added up in another order.
    """
    a, b = np.asarray(after, dtype=float), np.asarray(before, dtype=float)
    return np.where(np.abs(a - b) <= 1e-12 * np.abs(b), 0.0, a - b)


class _Losses:
    """The loss over all rows, without each block, and in each fifth. `truth` and `answers` hold the
    rows once, or several times one after the other.
    """

    def __init__(self, scale: AnswerScale, truth: Any, answers: Any, rows: ExplainedRows) -> None:
        times = len(answers) // len(rows)
        block, fold = np.tile(rows.block, times), np.tile(rows.fold, times)
        read = scale.read_answers(answers)

        def of(inside: Any) -> float:
            return _loss(scale, truth[inside], read.of(inside))

        self.whole = of(np.ones(len(block), dtype=bool))
        self.without_block = np.array([of(block != code) for code in range(rows.blocks)])
        self.by_fold = np.array([of(fold == code) for code in range(FOLDS)])


def _loss(scale: AnswerScale, truth: Any, answers: Any) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's, of a metric that is not defined
        try:
            return scale.loss(truth, answers)
        except ValueError:
            return float("nan")


def fold_ranks(importances: Sequence[GroupImportance]) -> list[tuple[int, int] | None]:
    """The best and the worst rank of each group over the fifths of the rows, 1 for the largest;
    None where no fifth defines the metric.
    """
    values = np.array([one.by_fold for one in importances])
    known = values[:, np.isfinite(values).all(axis=0)]
    if not known.size:
        return [None] * len(importances)
    ranks = (-known).argsort(axis=0, kind="stable").argsort(axis=0, kind="stable") + 1
    return [(int(row.min()), int(row.max())) for row in ranks]
