"""The performance gate: what a model achieves on the locked test rows, and against whom."""

from __future__ import annotations

from typing import get_args

import pandas as pd

from assay.config.gates import BinaryMetric, Performance, PerformanceMetric
from assay.gates.performance import (
    calibration,
    comparisons,
    curves,
    display,
    independence,
    threshold_costs,
    weak_slices,
)
from assay.gates.performance.point_scores import point_score
from assay.gates.performance.scores import estimate_score
from assay.gates.report import Report, overall_verdict
from assay.gates.statistics.cluster_errors import Clusters, cluster_rows
from assay.gates.statistics.design_effect import weight_measurements, weights_note
from assay.gates.statistics.intervals import Bools, Floats

SCORES: tuple[PerformanceMetric, ...] = get_args(BinaryMetric)
RARE_FIRST: tuple[PerformanceMetric, ...] = ("average_precision", "recall")
"""What is shown first where few rows are positive."""


def judge_performance(
    predictions: pd.DataFrame,
    performance: Performance,
    *,
    subject: str,
    prevalence: float,
    champion: pd.DataFrame | None = None,
    newest_rows: Bools | None = None,
    challenger_number: int = 1,
    features: pd.DataFrame | None = None,
    threshold: float | None = None,
    units: pd.Series | None = None,
    weights: Floats | None = None,
    seed: int = 0,
) -> Report:
    """Judge `predictions` (`truth` bool, `probability` in [0, 1], `decision` bool) of test rows.

    `prevalence` is the share of positives in training: the dummy says it of every row, and
    decides what then costs least. `champion` holds the same rows in the same order; the two are
    compared on those that `newest_rows` marks, else on all, and the surer the more challengers of
    this champion there were: `challenger_number` counts from 1. The columns of `features`, again
    of the same rows, are where weak slices are sought. `threshold` is the one that the decisions
    were made by. `units` says which of the same rows belong together, and by its name of what they
    are; where some do, every interval is cluster-robust. What rests on fewer than 10 positives or
    10 negatives, or on those of fewer than 10 units, is unknown, whatever its interval says.
    `weights`: how much each row counts, of a sample whose rows were drawn with unequal chances.
    Raises DataError for probabilities outside [0, 1], nulls, absent columns, other rows, one class.
    """
    who, truth = comparisons.read_predictions(predictions, "predictions")
    comparisons.require_both_classes(truth)
    clusters = cluster_rows(units, weights)
    rivals = comparisons.rival_predictions(predictions, prevalence, performance.cost, champion)
    rare = comparisons.positives_are_rare(truth, weights)
    found = {
        m: estimate_score(m, truth, who, performance.cost, seed=seed, clusters=clusters)
        for m in (dict.fromkeys((*RARE_FIRST, *SCORES)) if rare else SCORES)
    }
    meant = calibration.calibration_measures(truth, who.probability, clusters)
    weighed = threshold_costs.compute_costs(
        truth,
        who,
        performance.cost,
        regret=performance.regret,
        threshold=threshold,
        seed=seed,
        clusters=clusters,
    )
    weak = _find_weak_slices(predictions, performance, features, seed, clusters)
    chosen = threshold_costs.check_threshold(weighed, truth, clusters)
    alike = independence.check_independence(truth, who, clusters)
    checks = [
        *comparisons.check_against_rivals(
            truth,
            who,
            rivals,
            performance,
            seed=seed,
            newest_rows=newest_rows,
            clusters=clusters,
            challenger_number=challenger_number,
        ),
        *comparisons.check_score_limits(found, performance, truth, clusters),
        comparisons.check_against_trivial(truth, who, performance.cost, clusters),
        *(
            [asked]
            if (asked := comparisons.check_cost_declared(truth, performance, weights))
            else []
        ),
        *([chosen] if chosen else []),
        *calibration.check_calibration(meant, truth, performance.calibration_error, clusters),
        *(weak_slices.check_slices(weak, performance.slices) if weak else []),
        *([alike] if alike else []),
    ]
    everyone = {"model": who, **rivals}
    return Report(
        gate="performance",
        subject=subject,
        verdict=overall_verdict(checks),
        summary=display.score_summary(
            {m: found[m] for m in (*(RARE_FIRST if rare else ()), performance.choose_by)},
            len(truth),
            weights,
        ),
        checks=tuple(checks),
        sheets=(
            display.score_sheet(found, truth, rivals, performance.cost, weights),
            display.confusion_sheet(truth, who, weights),
            display.cost_sheet(truth, everyone, performance.cost, weights),
            threshold_costs.threshold_sheet(weighed),
            calibration.calibration_sheet(meant, truth, who.probability, clusters),
            *(weak_slices.slice_sheets(weak, performance) if weak else []),
        ),
        figures=(
            curves.roc_figure(truth, everyone, weights),
            curves.precision_recall_figure(truth, everyone, weights),
            calibration.reliability_figure(truth, who.probability, clusters=clusters),
            threshold_costs.cost_figure(weighed),
        ),
        notes=(
            *(() if champion is not None else ("There is no champion to compare with.",)),
            *weights_note(weights),
        ),
        measurements=(
            *display.score_measurements(found, performance.choose_by),
            *display.rival_measurements(
                performance.choose_by,
                {
                    name: point_score(
                        performance.choose_by, truth, rival, performance.cost, weights
                    )
                    for name, rival in rivals.items()
                },
            ),
            *weight_measurements(weights),
        ),
    )


def _find_weak_slices(
    predictions: pd.DataFrame,
    performance: Performance,
    features: pd.DataFrame | None,
    seed: int,
    clusters: Clusters | None,
) -> weak_slices.WeakSlices | None:
    """Slices by features and by the groups that the predictions name; None without either."""
    columns = weak_slices.join_slice_columns(predictions, features, _ANSWER_COLUMNS)
    if not len(columns.columns):
        return None
    who, truth = comparisons.read_predictions(predictions, "predictions")
    return weak_slices.search_slices(truth, who, columns, performance, seed=seed, clusters=clusters)


_ANSWER_COLUMNS = ("row", "truth", "probability", "decision")
