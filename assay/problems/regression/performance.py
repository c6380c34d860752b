"""The performance gate of amounts: how far predictions are off on the locked test rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast, get_args

import numpy as np
import pandas as pd

from assay.config.data import Target
from assay.config.gates import Performance, PerformanceMetric, RegressionMetric
from assay.errors import DataError
from assay.gates.performance import weak_slices
from assay.gates.performance.display import (
    SCORES_TITLE,
    rival_measurements,
    rows_text,
    score_measurements,
)
from assay.gates.performance.metric_titles import metric_title, metric_unit
from assay.gates.report import Cell, Report, Sheet, overall_verdict
from assay.gates.statistics.cluster_errors import (
    Clusters,
    cluster_rows,
    weighted_mean,
    weights_of,
)
from assay.gates.statistics.design_effect import weight_measurements, weights_note
from assay.gates.statistics.intervals import Bools, Estimate, Floats
from assay.problems.regression import calibration, comparisons, coverage
from assay.problems.regression.amount_text import estimate_text
from assay.problems.regression.answers import (
    ANSWER_COLUMNS,
    AmountAnswers,
    read_answers,
    too_few_remedy,
)
from assay.problems.regression.error_curve import error_curve_figure
from assay.problems.regression.metrics import compute_metric
from assay.problems.regression.scores import (
    SQUARE_METRICS,
    estimate_score,
    row_losses,
    tail_text,
)

METRICS: tuple[RegressionMetric, ...] = get_args(RegressionMetric)
_LOSS_TITLES: dict[RegressionMetric, str] = {
    "rmse": "squared error",
    "r2": "squared error",
    "pinball_loss": "pinball loss",
    "cost": "cost",
}


def judge_performance(
    answers: pd.DataFrame,
    performance: Performance,
    target: Target,
    *,
    subject: str,
    training_outcomes: dict[str, Any],
    champion: pd.DataFrame | None = None,
    newest_rows: Bools | None = None,
    challenger_number: int = 1,
    features: pd.DataFrame | None = None,
    units: pd.Series | None = None,
    weights: Floats | None = None,
    seed: int = 0,
) -> Report:
    """Judge `answers` (float64 `truth`, `prediction`, `low` and `high`, in the target's unit, and
    columns of group labels) to the test rows.

    `training_outcomes` are the training rows' "mean", "median" and "quantile", by which the dummy
    answers. `champion` holds the same rows in the same order; the two are compared on those that
    `newest_rows` marks, else on all, and the surer the more challengers of this champion there
    were: `challenger_number` counts from 1. Weak slices are sought in `features`, again of the same
    rows, and in the groups. `units` says which of the rows belong together, and by its name of what
    they are; where some do, every interval is cluster-robust. What rests on fewer than 30 rows, or
    on those of fewer than 10 units, is unknown. `weights`: how much each row counts, of a sample
    whose rows were drawn with unequal chances.

    Raises DataError for absent columns, values that are no finite numbers, other rows, and outcomes
    that are all alike.
    """
    model = read_answers(answers, "predictions")
    _require_varied_outcomes(model, target)
    clusters = cluster_rows(units, weights)
    unit = target.unit or ""
    metric = cast(RegressionMetric, performance.choose_by)
    scores: dict[RegressionMetric, Estimate] = {
        m: estimate_score(
            m, model.truth, model.prediction, performance.unit_cost, clusters=clusters
        )
        for m in METRICS
    }
    rivals = {"dummy": comparisons.dummy_prediction(metric, training_outcomes, len(answers))}
    if champion is not None:
        rivals["champion"] = comparisons.champion_prediction(champion, answers)
    groups = coverage.group_parts(answers)
    weak = _find_weak_slices(answers, model, performance, features, seed=seed, clusters=clusters)
    alike = comparisons.check_independence(model, clusters)
    checks = [
        comparisons.check_predictions_vary(model, unit),
        *comparisons.check_against_rivals(
            model,
            rivals,
            performance,
            metric,
            unit,
            newest_rows=newest_rows,
            clusters=clusters,
            challenger_number=challenger_number,
        ),
        *comparisons.check_score_limits(scores, model, performance, unit, clusters),
        *coverage.check_coverage(model, groups, performance, unit, clusters),
        *calibration.check_calibration(model, performance, unit, clusters),
        *(weak_slices.check_slices(weak, performance.slices) if weak else []),
        *([alike] if alike else []),
    ]
    return Report(
        gate="performance",
        subject=subject,
        verdict=overall_verdict(checks),
        summary=_summary(scores, metric, unit, rows_text(len(answers), weights)),
        checks=tuple(checks),
        sheets=(
            _score_sheet(
                scores,
                model,
                rivals,
                training_outcomes,
                performance=performance,
                unit=unit,
                weights=weights,
            ),
            calibration.size_sheet(model, unit, weights),
            coverage.coverage_sheet(model, groups, unit, clusters),
            *(weak_slices.slice_sheets(weak, performance) if weak else []),
        ),
        figures=(
            error_curve_figure(model.truth, {"model": model.prediction, **rivals}, unit, weights),
            calibration.seen_figure(model, unit, clusters),
            calibration.residual_figure(model, unit, weights),
        ),
        notes=(*_notes(model, champion is not None, weights), *weights_note(weights)),
        measurements=(
            *score_measurements(
                cast(Mapping[PerformanceMetric, Estimate], scores), performance.choose_by
            ),
            *rival_measurements(
                metric,
                {
                    name: compute_metric(
                        metric,
                        model.truth,
                        theirs,
                        unit_cost=performance.unit_cost,
                        weights=weights,
                    )
                    for name, theirs in rivals.items()
                },
            ),
            *weight_measurements(weights),
        ),
    )


def _require_varied_outcomes(model: AmountAnswers, target: Target) -> None:
    if not len(model.truth):
        raise DataError("there are no test rows to judge")
    if np.ptp(model.truth) == 0:
        raise DataError(
            f"all {len(model.truth):,} test rows have the same {target.column}: nothing can be "
            "told apart",
            remedy="Enlarge split.test, or bring rows of other outcomes.",
        )


def _find_weak_slices(
    answers: pd.DataFrame,
    model: AmountAnswers,
    performance: Performance,
    features: pd.DataFrame | None,
    *,
    seed: int,
    clusters: Clusters | None,
) -> weak_slices.WeakSlices | None:
    """Slices by features and by the groups that the answers name; None without either.

    An interval promises how large errors are: the loss expected of a row grows with its width, in
    proportion, and on average is that of all rows.
    """
    columns = weak_slices.join_slice_columns(answers, features, ANSWER_COLUMNS)
    if not len(columns.columns):
        return None
    metric = cast(RegressionMetric, performance.choose_by)
    judged = "mae" if metric == "mean_error" else metric
    loss = row_losses(judged, model.truth, model.prediction, performance.unit_cost)
    losses = weak_slices.RowLosses(
        loss,
        _expected_losses(loss, model.high - model.low, clusters, squared=judged in SQUARE_METRICS),
        _LOSS_TITLES.get(judged, "absolute error"),
        lambda inside: _score_inside(inside, model, performance, clusters),
        weights_of(clusters),
    )
    return weak_slices.find_weak_slices(
        losses,
        columns,
        performance.slices,
        too_few=too_few_remedy(len(model.truth), clusters),
        seed=seed,
        clusters=clusters,
    )


def _expected_losses(
    loss: Floats, width: Floats, clusters: Clusters | None, *, squared: bool
) -> Floats:
    size = width**2 if squared else width
    seen, expected = weighted_mean(loss, clusters), weighted_mean(size, clusters)
    return np.asarray(size * (seen / expected)) if expected > 0 else np.full(len(loss), seen)


def _score_inside(
    inside: Bools, model: AmountAnswers, performance: Performance, clusters: Clusters | None
) -> Estimate | None:
    held = model.of(inside)
    if not len(held.truth) or np.ptp(held.truth) == 0:
        return None
    return estimate_score(
        cast(RegressionMetric, performance.choose_by),
        held.truth,
        held.prediction,
        performance.unit_cost,
        clusters=clusters.of(inside) if clusters else None,
    )


# --- what is shown ----------------------------------------------------------------------------


def _score_sheet(
    scores: Mapping[RegressionMetric, Estimate],
    model: AmountAnswers,
    rivals: Mapping[str, Floats],
    training_outcomes: Mapping[str, Any],
    *,
    performance: Performance,
    unit: str,
    weights: Floats | None,
) -> Sheet:
    """Every score with its interval, beside a dummy's and the champion's on the same rows."""
    rows: list[tuple[Cell, ...]] = []
    for metric, score in scores.items():
        dummy = comparisons.dummy_prediction(metric, training_outcomes, len(model.truth))
        beside = (dummy, *(theirs for name, theirs in rivals.items() if name != "dummy"))
        rows.append(
            (
                metric,
                metric_unit(metric, unit),
                score.value,
                score.interval.low,
                score.interval.high,
                *(
                    compute_metric(
                        metric,
                        model.truth,
                        theirs,
                        unit_cost=performance.unit_cost,
                        weights=weights,
                    )
                    for theirs in beside
                ),
            )
        )
    return Sheet(
        title=SCORES_TITLE,
        columns=("score", "unit", "model", "low", "high", *rivals),
        rows=tuple(rows),
        note="Intervals at 95 %. Mean error is predicted minus true; cost is the mean per row. The "
        "dummy predicts one amount of every row: the training outcomes' median for MAE and the "
        "median error, their quantile for pinball loss and cost, and their mean for the rest.",
    )


def _summary(
    scores: Mapping[RegressionMetric, Estimate], metric: RegressionMetric, unit: str, rows: str
) -> str:
    told = [
        f"{metric_title(m)} is "
        + estimate_text(scores[m], metric_unit(m, unit), sign=m == "mean_error")
        for m in dict.fromkeys((metric, "r2"))
    ]
    return f"{', '.join(told)} on {rows}."


def _notes(model: AmountAnswers, has_champion: bool, weights: Floats | None) -> tuple[str, ...]:
    found = [] if has_champion else ["There is no champion to compare with."]
    found += [
        f"{metric_title(metric)} has no interval: {why}, and none would hold."
        for metric in SQUARE_METRICS
        if (why := tail_text(metric, model.truth, model.prediction, weights))
    ]
    return tuple(found)
