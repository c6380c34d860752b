"""Where labels of the rows have come: is the challenger better than the champion, or worse?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from assay.config.gates import Performance, PerformanceMetric
from assay.gates.performance import comparisons, display
from assay.gates.performance.metric_titles import metric_title
from assay.gates.performance.point_scores import ModelPredictions, enough_rows, too_few_remedy
from assay.gates.performance.scores import estimate_score, score_difference
from assay.gates.report import Check, Sheet, Verdict
from assay.gates.shadow.rows import CHAMPION_DECISION, CHAMPION_PREFIX, DECISION, PROBABILITY, TRUTH
from assay.gates.statistics.intervals import Estimate, verdict_at_least


def check_outcomes(rows: pd.DataFrame, ask: Performance, margin: float, seed: int) -> list[Check]:
    """The paired test of training, on these rows, and whether performance is surely lost.

    `margin`: the fall of performance that is accepted of a model in use. With fewer than ten
    rows of either class nothing is judged, which holds nobody.
    """
    truth = rows[TRUTH].to_numpy(bool)
    if not enough_rows(truth):
        return [_too_few_labels_check(truth)]
    mine, theirs = _both_predictions(rows)
    where = f" on {len(truth):,} rows whose labels have come"
    beats = comparisons.check_against_rivals(truth, mine, {"champion": theirs}, ask, seed=seed)
    found = [check.model_copy(update={"claim": check.claim + where}) for check in beats]
    gain = score_difference(ask.choose_by, truth, mine, theirs, ask.cost, seed=seed)
    return [*found, _no_worse_check(ask.choose_by, gain, margin, len(truth))]


def _both_predictions(rows: pd.DataFrame) -> tuple[ModelPredictions, ModelPredictions]:
    mine = ModelPredictions(rows[PROBABILITY].to_numpy(float), rows[DECISION].to_numpy(bool))
    return mine, ModelPredictions(
        rows[CHAMPION_PREFIX + PROBABILITY].to_numpy(float), rows[CHAMPION_DECISION].to_numpy(bool)
    )


_CHAMPIONS = "the champion's"


def _no_worse_check(metric: PerformanceMetric, gain: Estimate, margin: float, rows: int) -> Check:
    verdict = verdict_at_least(gain.interval, -margin)
    return Check(
        name="no_worse",
        claim=f"{metric_title(metric)} is no more than {margin:g} worse than the "
        f"champion's on {rows:,} rows whose labels have come",
        verdict=verdict,
        statistic=f"{metric}, improvement over the champion",
        estimate=gain.value,
        interval=gain.interval,
        threshold=-margin,
        why=f"{metric_title(metric)} is {display.gain_text(gain, _CHAMPIONS)} on "
        f"{rows:,} rows whose labels have come; {margin:g} worse is accepted",
        remedy=display.suggest_remedy(verdict, gain, -margin, rows),
        accepted=gain.value >= -margin,
        rows=rows,
    )


def _too_few_labels_check(truth: np.ndarray) -> Check:
    return Check(
        name="beats_champion",
        claim="The challenger is as good as the champion on rows whose labels have come",
        verdict=Verdict.UNKNOWN,
        why=f"Only {len(truth):,} labels have come",
        remedy=too_few_remedy(truth),
        accepted=True,
        rows=len(truth),
    )


def outcome_sheet(rows: pd.DataFrame, ask: Performance, seed: int) -> Sheet | None:
    """Both versions' score on the labelled rows; None for too few."""
    truth = rows[TRUTH].to_numpy(bool)
    if not enough_rows(truth):
        return None
    metric, cells = ask.choose_by, []
    for who, answers in zip(("challenger", "champion"), _both_predictions(rows), strict=True):
        found = estimate_score(metric, truth, answers, ask.cost, seed=seed)
        cells.append((who, metric, found.value, found.interval.low, found.interval.high))
    return Sheet(
        title="Performance on rows whose labels have come",
        columns=("version", "metric", "value", "low", "high"),
        rows=tuple(cells),
        note=f"{len(truth):,} rows, {int(truth.sum()):,} of them positive. Each interval is its "
        "own; the test of the difference is paired.",
    )
