"""A model of amounts beside a dummy, a champion and the limits of the use case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from assay.config.gates import Performance, RegressionMetric
from assay.errors import DataError
from assay.gates.performance.metric_titles import metric_title, metric_unit
from assay.gates.performance.rival_checks import (
    RowEvidence,
    comparison_check,
    limit_check,
    too_few_newest_check,
)
from assay.gates.report import Check, Interval, Verdict
from assay.gates.statistics.cluster_errors import MIN_CLUSTERS, Clusters, mean_error, weights_of
from assay.gates.statistics.intervals import Bools, Estimate, Floats
from assay.problems.regression.amount_text import (
    estimate_text,
    format_amount,
    gain_describer,
    with_unit,
)
from assay.problems.regression.answers import AmountAnswers, read_amounts, too_few_remedy
from assay.problems.regression.scores import SQUARE_METRICS, score_difference, tail_text

_DUMMY_OUTCOME: dict[RegressionMetric, str] = {
    "mae": "median",
    "median_absolute_error": "median",
    "pinball_loss": "quantile",
    "cost": "quantile",
}
"""Of the training outcomes, that which scores best where it is predicted of every row; for every
other metric the mean.
"""
_CANNOT_HOLD = "Judge by MAE or by the median error, or bring what explains the largest errors."


def dummy_prediction(
    metric: RegressionMetric, training_outcomes: Mapping[str, Any], rows: int
) -> Floats:
    """What a model would predict that knows the training outcomes alone, and answers all alike."""
    name = _DUMMY_OUTCOME.get(metric, "mean")
    return np.full(rows, float(training_outcomes[name]))


def champion_prediction(champion: pd.DataFrame, predictions: pd.DataFrame) -> Floats:
    """The champion's predictions. Raises DataError where they are of other rows."""
    same = len(champion) == len(predictions)
    if same and "row" in champion and "row" in predictions:
        same = bool((champion["row"].to_numpy() == predictions["row"].to_numpy()).all())
    if not same:
        raise DataError(
            "the champion's predictions are of other rows",
            remedy="Let the champion predict the same test rows, in the same order.",
        )
    return read_amounts(champion, "prediction", "champion's predictions")


def check_against_rivals(
    answers: AmountAnswers,
    rivals: Mapping[str, Floats],
    performance: Performance,
    metric: RegressionMetric,
    unit: str,
    *,
    newest_rows: Bools | None = None,
    clusters: Clusters | None = None,
    challenger_number: int = 1,
) -> list[Check]:
    """Whether the model scores better by `metric` than each rival, by the margin that is asked.

    Than the champion on the rows that `newest_rows` marks, if any came since that one was trained,
    and the surer the more challengers of this champion there were.
    """
    margins: dict[str, float] = {str(name): margin for name, margin in performance.beat.items()}
    found = []
    title, counted = metric_title(metric), metric_unit(metric, unit)
    for name, rival in rivals.items():
        lately = newest_rows is not None and name == "champion"
        rows = (
            newest_rows
            if newest_rows is not None and lately
            else np.ones(len(answers.truth), dtype=bool)
        )
        told, theirs = answers.of(rows), rival[rows]
        of = clusters.of(rows) if clusters else None
        evidence = row_evidence(metric, told.truth, (told.prediction, theirs), of)
        if lately and too_few_remedy(len(told.truth), of):
            found.append(too_few_newest_check(name, metric, evidence))
            continue
        margin = margins.get(name, 0.0)
        more = f" by more than {with_unit(f'{margin:g}', counted)}" if margin else ""
        where = f" on the {len(told.truth):,} test rows that came since" if lately else ""
        found.append(
            comparison_check(
                name=f"beats_{name}",
                claim=f"{title} beats the {name}{more}{where}",
                statistic=f"{metric}, improvement over the {name}",
                subject=title,
                rival=f"the {name}'s",
                where=where,
                gain=score_difference(
                    metric,
                    told.truth,
                    told.prediction,
                    theirs,
                    performance.unit_cost,
                    clusters=of,
                ),
                margin=margin,
                evidence=evidence,
                challenger_number=challenger_number if name == "champion" else None,
                # To be worse than the champion is no fault unless the use case says so: such a
                # model is registered, and not promoted.
                hard=name == "dummy" or name in margins,
                describe_gain=gain_describer(counted),
            )
        )
    return found


def row_evidence(
    metric: RegressionMetric,
    truth: Floats,
    predictions: tuple[Floats, ...],
    clusters: Clusters | None,
) -> RowEvidence:
    """What an estimate of a metric rests on, and what to do where it cannot be judged."""
    rows = len(truth)
    few = too_few_remedy(rows, clusters)
    if not few and metric in SQUARE_METRICS:
        weights = weights_of(clusters)
        why = next((t for one in predictions if (t := tail_text(metric, truth, one, weights))), "")
        few = f"{why[0].upper()}{why[1:]}. {_CANNOT_HOLD}" if why else ""
    worth = rows if clusters is None else clusters.effective(np.ones(rows, dtype=bool))
    return RowEvidence(rows, few, max(worth - 1, 1.0))


def check_score_limits(
    scores: Mapping[RegressionMetric, Estimate],
    answers: AmountAnswers,
    performance: Performance,
    unit: str,
    clusters: Clusters | None = None,
) -> list[Check]:
    """Whether each score is on the right side of its limit; a mean error by its size."""
    found = []
    for name, limit in performance.at_least.items():
        metric = next(m for m in scores if m == name)
        score = scores[metric]
        judged = _size(score) if metric == "mean_error" else score
        evidence = row_evidence(metric, answers.truth, (answers.prediction,), clusters)
        check = limit_check(metric, judged, limit, evidence)
        title, counted = metric_title(metric), metric_unit(metric, unit)
        side = "least" if metric == "r2" else "most"
        asked = with_unit(f"{limit:g}", counted)
        claim = f"{title} is at {side} {asked}"
        if metric == "mean_error":
            claim = f"{title} is at {side} {asked}, either way"
        shown = estimate_text(score, counted, sign=metric == "mean_error")
        accepted = f"; at {side} {format_amount(limit)} is accepted"
        found.append(
            check.model_copy(update={"claim": claim, "why": f"{title} is {shown}{accepted}"})
        )
    return found


def _size(score: Estimate) -> Estimate:
    """The absolute value of an estimate, with the interval of that."""
    low, high = score.interval.low, score.interval.high
    if low is None or high is None:
        return Estimate(abs(score.value), score.interval)
    least = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    interval = Interval(low=least, high=max(abs(low), abs(high)), level=score.interval.level)
    return Estimate(abs(score.value), interval)


def check_predictions_vary(answers: AmountAnswers, unit: str) -> Check:
    """That the model does not predict the same of every row."""
    prediction = answers.prediction
    spread = float(np.ptp(prediction))
    constant = spread <= 1e-9 * max(float(np.abs(prediction).max()), 1e-300)
    shown = with_unit(format_amount(float(prediction[0])), unit)
    return Check(
        name="predictions_vary",
        claim="Predictions vary between rows",
        verdict=Verdict.FAIL if constant else Verdict.PASS,
        statistic="largest less smallest prediction",
        estimate=spread,
        threshold=0.0,
        why=f"The model predicts {shown} for each of the {len(prediction):,} test rows"
        if constant
        else f"Predictions span {with_unit(format_amount(spread), unit)}",
        remedy="Try other candidates or features." if constant else "",
        rows=len(prediction),
    )


def check_independence(answers: AmountAnswers, clusters: Clusters | None) -> Check | None:
    """Whether rows that belong together are of enough units; None where each stands alone."""
    if clusters is None or not clusters.name:
        return None
    rows, count = len(answers.truth), int(clusters.codes.max()) + 1
    ratios = []
    for values in (answers.errors, np.abs(answers.errors), answers.errors**2):
        together, alone = (
            mean_error(values, codes, clusters.weights).variance
            for codes in (clusters.codes, np.arange(rows))
        )
        if alone > 0 and np.isfinite(together):
            ratios.append(float(np.sqrt(together / alone)))
    few = too_few_remedy(rows, clusters)
    widest = max(ratios, default=None)
    wider = (
        ""
        if widest is None
        else f"; standard errors are up to {widest:.2f} times those of independent rows"
    )
    return Check(
        name="independence",
        claim=f"Test rows are of at least {MIN_CLUSTERS} values of {clusters.name}, counted as if "
        "equally large",
        verdict=Verdict.UNKNOWN if few else Verdict.PASS,
        statistic="clustered standard error over that of independent rows, the largest of scores",
        estimate=widest,
        why=f"{rows:,} test rows hold {count:,} different values of {clusters.name}, and every "
        f"interval here takes this into account{wider}",
        remedy=few,
        hard=False,
        rows=rows,
    )
