"""What a model of several classes achieves on the locked test rows, and against whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast, get_args

import pandas as pd

from assay.config.data import Target
from assay.config.gates import MulticlassMetric, Performance
from assay.errors import ConfigError, DataError, suggest_name
from assay.gates.performance import weak_slices
from assay.gates.performance.display import rival_measurements
from assay.gates.report import Report, overall_verdict
from assay.gates.statistics.cluster_errors import cluster_rows
from assay.gates.statistics.design_effect import weight_measurements, weights_note
from assay.gates.statistics.intervals import Bools, Floats
from assay.problems.multiclass import calibration, class_checks, comparisons, coverage, display
from assay.problems.multiclass.answers import (
    answer_columns,
    read_answers,
    read_truth,
)
from assay.problems.multiclass.curves import curve_figures
from assay.problems.multiclass.independence import check_independence
from assay.problems.multiclass.metrics import cost_array
from assay.problems.multiclass.scores import estimate_score, point_score
from assay.problems.multiclass.slices import search_class_slices


def judge_performance(
    answers: pd.DataFrame,
    performance: Performance,
    target: Target,
    *,
    subject: str,
    training_outcomes: Mapping[str, object],
    champion: pd.DataFrame | None = None,
    newest_rows: Bools | None = None,
    challenger_number: int = 1,
    features: pd.DataFrame | None = None,
    units: pd.Series | None = None,
    weights: Floats | None = None,
    seed: int = 0,
) -> Report:
    """Judge `answers` to test rows: `truth` and `decision` are class labels, `probability_<class>`
    sum to one, `set` joins classes by "|"; further columns are group labels.

    `training_outcomes` holds the classes' `shares` in training, which the dummy says of every row.
    `champion`, `newest_rows`, `challenger_number`, `features`, `units` and `weights` are as in the
    binary gate. What rests on fewer than 10 rows of a class, or on those of fewer than 10 units, is
    unknown. Raises DataError for answers that are none, and ConfigError for a score that the
    question does not have.
    """
    truth = read_truth(answers, target, "predictions")
    who = read_answers(answers, target, "predictions")
    if not len(truth):
        raise DataError("there are no test rows to judge", remedy="Enlarge split.test.")
    metrics = available_metrics(performance, target)
    chosen = cast(MulticlassMetric, performance.choose_by)
    costs = cost_array(performance.cost_matrix, target.class_labels)
    clusters = cluster_rows(units, weights)
    shares = class_checks.training_shares(training_outcomes, target.class_labels)
    rivals = comparisons.rival_answers(answers, target, shares, costs, champion)
    found = {m: estimate_score(m, truth, who, costs, clusters) for m in metrics}
    calibrated = calibration.calibrate_classes(truth, who, clusters)
    covered = coverage.measure_coverage(truth, who, clusters) if who.sets is not None else None
    columns = weak_slices.join_slice_columns(answers, features, answer_columns(target))
    weak = None
    if len(columns.columns):
        weak = search_class_slices(
            truth, who, columns, performance, chosen, costs=costs, seed=seed, clusters=clusters
        )
    priced = class_checks.check_cost_declared(truth, who.classes, performance, clusters)
    alike = check_independence(truth, who, clusters)
    checks = [
        class_checks.check_known_in_training(truth, who.classes, shares),
        *comparisons.check_against_rivals(
            truth,
            who,
            rivals,
            performance,
            chosen,
            costs=costs,
            newest_rows=newest_rows,
            clusters=clusters,
            challenger_number=challenger_number,
        ),
        *comparisons.check_score_limits(found, _limits(performance), truth, who, clusters),
        comparisons.check_against_trivial(truth, who, costs, clusters),
        *([priced] if priced else []),
        class_checks.check_every_class_decided(truth, who, clusters),
        calibration.check_calibration(calibrated, performance.calibration_error, len(truth)),
        *(coverage.check_coverage(*covered, performance) if covered else []),
        *(weak_slices.check_slices(weak, performance.slices) if weak else []),
        *([alike] if alike else []),
    ]
    recalls = display.class_recalls(truth, who, clusters)
    precisions = display.class_precisions(truth, who, clusters)
    return Report(
        gate="performance",
        subject=subject,
        verdict=overall_verdict(checks),
        summary=display.score_summary(found, chosen, recalls, len(truth), weights),
        checks=tuple(checks),
        sheets=(
            display.score_sheet(found, truth, rivals, costs, weights),
            display.class_sheet(truth, who, recalls, precisions),
            display.confusion_sheet(truth, who, clusters),
            display.cost_sheet(truth, {"model": who, **rivals}, costs, clusters),
            calibration.calibration_sheet(calibrated),
            *([coverage.coverage_sheet(*covered, performance.coverage)] if covered else []),
            *(weak_slices.slice_sheets(weak, performance) if weak else []),
        ),
        figures=(
            display.recall_figure(recalls, precisions),
            *curve_figures(truth, who, weights),
            calibration.calibration_figure(truth, who, calibrated, clusters),
        ),
        notes=(*_notes(champion, covered is not None), *weights_note(weights)),
        measurements=(
            *display.score_measurements(found, chosen),
            *rival_measurements(
                chosen,
                {
                    name: point_score(chosen, truth, rival, costs, weights)
                    for name, rival in rivals.items()
                },
            ),
            *weight_measurements(weights),
        ),
    )


def available_metrics(performance: Performance, target: Target) -> list[MulticlassMetric]:
    """The scores that the question has. Raises ConfigError where another is asked for."""
    metrics = [m for m in get_args(MulticlassMetric) if target.ordered or m != "quadratic_kappa"]
    for name in (performance.choose_by, *performance.at_least):
        if name == "quadratic_kappa" and name not in metrics:
            raise ConfigError(
                "quadratic_kappa counts how far a wrong class is from the true one, and the order "
                "of these classes is not declared",
                where="performance",
                remedy="If the classes ascend, add `ordered: true` under data.target; else choose "
                "another score.",
            )
        if name not in metrics:
            raise ConfigError(
                f"{name} is no score of several classes",
                where="performance",
                remedy=suggest_name(name, metrics, f"The scores are {', '.join(metrics)}."),
            )
    return metrics


def _limits(performance: Performance) -> dict[MulticlassMetric, float]:
    return {cast(MulticlassMetric, name): limit for name, limit in performance.at_least.items()}


def _notes(champion: pd.DataFrame | None, has_sets: bool) -> tuple[str, ...]:
    return (
        *(() if champion is not None else ("There is no champion to compare with.",)),
        *(() if has_sets else ("The predictions hold no sets of classes to judge.",)),
    )
