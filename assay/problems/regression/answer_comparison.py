"""Two models of amounts: scores, groups' errors, and answers that move by more than a distance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast, get_args

import numpy as np

from assay.config.gates import RegressionMetric
from assay.config.use_case import UseCase
from assay.errors import DataError
from assay.gates.performance.metric_titles import metric_title, metric_unit
from assay.gates.statistics.intervals import Floats
from assay.problems.answer_comparison import (
    AnswerComparison,
    AnswerPair,
    ChangedAnswers,
    ChangeKind,
    PairedScore,
)
from assay.problems.group_changes import (
    GroupMetric,
    compare_groups,
    mean_metric,
    share_metric,
    without_change,
)
from assay.problems.regression.amount_text import (
    format_amount,
    with_unit,
)
from assay.problems.regression.answers import AmountAnswers, read_answers
from assay.problems.regression.scores import estimate_score, score_difference, tail_text

_STATED_SHARE: Final = 0.1
"""Of the outcomes' interquartile range: answers that move by less are taken for the same."""


def compare_answers(
    pair: AnswerPair, use_case: UseCase, *, distance: float | None = None
) -> AnswerComparison:
    """Compare two models' amounts, judged as `use_case` judges. `distance`, in the target's unit,
    is how far an answer must move to count as another; left out, a tenth of the outcomes'
    interquartile range.

    Raises DataError for frames that hold no amounts, and for outcomes that are all alike.
    """
    first = read_answers(pair.first, "predictions of the first")
    second = read_answers(pair.second, "predictions of the second")
    unit = use_case.data.target.unit or ""
    if np.ptp(second.truth) == 0:
        raise DataError(f"all {pair.rows:,} test rows have the same outcome: nothing differs")
    stated = stated_distance(second.truth) if distance is None else distance
    groups = compare_groups(
        pair, use_case.data.sensitive, _group_metrics(pair, unit, first, second)
    )
    alike = np.array_equal(first.prediction, second.prediction)
    return AnswerComparison(
        scores=tuple(_compare_scores(pair, use_case, first, second, unit)),
        groups=tuple(without_change(one) for one in groups) if alike else groups,
        changed=_moved_answers(first, second, stated, unit),
        notes=tuple(_heavy_notes(first, second)),
    )


def stated_distance(truth: Floats) -> float:
    """A tenth of the outcomes' interquartile range, to two digits; of their standard deviation
    where half of them or more are alike.
    """
    low, high = np.quantile(truth, [0.25, 0.75])
    spread = float(high - low) or float(truth.std())
    return float(f"{_STATED_SHARE * spread:.2g}")


def _compare_scores(
    pair: AnswerPair, use_case: UseCase, first: AmountAnswers, second: AmountAnswers, unit: str
) -> Sequence[PairedScore]:
    asked, clusters = use_case.performance, pair.clusters
    found = []
    for metric in cast(tuple[RegressionMetric, ...], get_args(RegressionMetric)):
        both = [
            estimate_score(metric, one.truth, one.prediction, asked.unit_cost, clusters=clusters)
            for one in (first, second)
        ]
        gain = score_difference(
            metric,
            second.truth,
            second.prediction,
            first.prediction,
            asked.unit_cost,
            clusters=clusters,
        )
        counted, is_headline = metric_unit(metric, unit), metric == asked.choose_by
        found.append(
            PairedScore(metric, metric_title(metric), both[0], both[1], gain, counted, is_headline)
        )
    return sorted(found, key=lambda one: not one.headline)


def _moved_answers(
    first: AmountAnswers, second: AmountAnswers, distance: float, unit: str
) -> ChangedAnswers:
    moved = second.prediction - first.prediction
    codes = np.where(moved > distance, 0, np.where(moved < -distance, 1, -1)).astype(np.int64)
    nearer = np.sign(np.abs(first.errors) - np.abs(second.errors)).astype(np.int64)
    shown = with_unit(format_amount(distance), unit)
    return ChangedAnswers(
        noun="answer",
        verb="move",
        rule=f"the answer moves by more than {shown}",
        kinds=(ChangeKind("", "higher"), ChangeKind("", "lower")),
        codes=codes,
        sizes=np.abs(moved),
        repaired=np.where(codes >= 0, nearer, 0).astype(np.int64),
        first_texts=[format_amount(value) for value in first.prediction.tolist()],
        second_texts=[format_amount(value) for value in second.prediction.tolist()],
        outcomes=[format_amount(value) for value in second.truth.tolist()],
    )


def _group_metrics(
    pair: AnswerPair, unit: str, first: AmountAnswers, second: AmountAnswers
) -> list[GroupMetric]:
    models = (first, second)
    errors = (first.errors, second.errors)
    sizes = (np.abs(errors[0]), np.abs(errors[1]))
    predictions = (first.prediction, second.prediction)
    covered = tuple(one.covered for one in models)
    everyone = np.ones(pair.rows, dtype=bool)
    return [
        mean_metric("mean_error", "Mean error", errors, pair, unit),
        mean_metric("mean_absolute_error", "MAE", sizes, pair, unit),
        mean_metric("mean_prediction", "Mean prediction", predictions, pair, unit),
        share_metric(
            "interval_coverage", "Coverage of intervals", (covered[0], covered[1]), everyone, pair
        ),
    ]


def _heavy_notes(first: AmountAnswers, second: AmountAnswers) -> Sequence[str]:
    """Why scores have no interval where a few rows decide them."""
    notes = []
    for metric in cast(tuple[RegressionMetric, ...], ("rmse", "r2")):
        found = (tail_text(metric, one.truth, one.prediction) for one in (first, second))
        if why := next(filter(None, found), ""):
            notes.append(f"{metric_title(metric)} has no interval: {why}, and none would hold.")
    return notes
