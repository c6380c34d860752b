"""The performance gate: what a model achieves on the locked test rows, and against whom."""

from __future__ import annotations

from typing import get_args

import pandas as pd

from assay.config.gates import Performance, Score
from assay.errors import DataError
from assay.evidence.performance import (
    calibration,
    comparisons,
    costs,
    display,
    independence,
    weakness,
)
from assay.evidence.performance.scores import estimate
from assay.evidence.report import Report, overall
from assay.evidence.statistics.intervals import Bools

SCORES: tuple[Score, ...] = get_args(Score)


def evaluate(
    predictions: pd.DataFrame,
    performance: Performance,
    *,
    subject: str,
    prevalence: float,
    champion: pd.DataFrame | None = None,
    newest: Bools | None = None,
    features: pd.DataFrame | None = None,
    threshold: float | None = None,
    units: pd.Series | None = None,
    seed: int = 0,
) -> Report:
    """Judge `predictions` (`truth` bool, `probability` in [0, 1], `decision` bool) of test rows.

    `prevalence` is the share of positives in training: the dummy says it of every row, and
    decides what then costs least. `champion` holds the same rows in the same order; the two are
    compared on those that `newest` marks, else on all. The columns of `features`, again of the same
    rows, are where weak slices are sought. `threshold` is the one that the decisions were made by.
    `units` says which of the same rows belong together, and by its name of what they are.
    What rests on fewer than 10 positives or 10 negatives is unknown, whatever its interval says.
    Raises DataError for probabilities outside [0, 1], nulls, absent columns, other rows, one class.
    """
    who, truth = comparisons.predicted(predictions, "predictions")
    comparisons.check_classes(truth)
    rivals = comparisons.rivals(predictions, prevalence, performance.cost, champion)
    found = {m: estimate(m, truth, who, performance.cost, seed=seed) for m in SCORES}
    meant = calibration.measures(truth, who.probability)
    weighed = costs.weigh(
        truth, who, performance.cost, regret=performance.regret, threshold=threshold, seed=seed
    )
    weak = _weakness(predictions, performance, features, seed)
    chosen = costs.check(weighed, truth)
    alike = independence.check(truth, who, units)
    checks = [
        *comparisons.beats(truth, who, rivals, performance, seed=seed, newest=newest),
        *comparisons.limits(found, performance, truth),
        comparisons.cheaper(truth, who, performance.cost),
        *([chosen] if chosen else []),
        *calibration.checks(meant, truth, performance.calibration_error),
        *(weakness.checks(weak, performance.slices) if weak else []),
        *([alike] if alike else []),
    ]
    everyone = {"model": who, **rivals}
    return Report(
        gate="performance",
        subject=subject,
        verdict=overall(checks),
        summary=display.summary(found[performance.choose_by], performance.choose_by, len(truth)),
        checks=tuple(checks),
        sheets=(
            display.score_sheet(found, truth, rivals, performance.cost),
            display.confusion_sheet(truth, who),
            display.cost_sheet(truth, everyone, performance.cost),
            costs.sheet(weighed),
            calibration.sheet(meant, truth, who.probability),
            *(weakness.sheets(weak, performance) if weak else []),
        ),
        figures=(
            calibration.curve(truth, who.probability),
            costs.figure(weighed),
            display.roc_figure(truth, everyone),
        ),
        notes=() if champion is not None else ("There is no champion to compare with.",),
    )


def _weakness(
    predictions: pd.DataFrame, performance: Performance, features: pd.DataFrame | None, seed: int
) -> weakness.Weakness | None:
    """Slices by features and by the groups that the predictions name; None without either."""
    own = [name for name in predictions.columns if name not in _ANSWERS]
    columns = predictions[own].reset_index(drop=True)
    if features is not None:
        if len(features) != len(predictions):
            raise DataError(
                f"there are features of {len(features):,} rows for {len(predictions):,} predictions"
            )
        spare = [name for name in own if name in features]
        columns = pd.concat(
            [features.reset_index(drop=True), columns.drop(columns=spare)], axis="columns"
        )
    if not len(columns.columns):
        return None
    who, truth = comparisons.predicted(predictions, "predictions")
    return weakness.explore(truth, who, columns, performance, seed)


_ANSWERS = ("row", "truth", "probability", "decision")
