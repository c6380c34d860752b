"""Sheets and figures of a model of several classes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from assay.config.gates import MulticlassMetric
from assay.gates.performance.display import (
    SCORES_TITLE,
    estimate_text,
    rows_text,
)
from assay.gates.performance.metric_titles import metric_title
from assay.gates.report import Cell, Figure, Measurement, Point, Series, Sheet
from assay.gates.statistics.cluster_errors import (
    Clusters,
    clustered_share_limits,
    scaled_weights,
    spread_of,
    weighted_mean,
)
from assay.gates.statistics.intervals import Bools, Estimate, Floats, make_interval
from assay.gates.statistics.proportions import wilson_limits
from assay.problems.multiclass.answers import ClassAnswers, Ints
from assay.problems.multiclass.scores import point_score

_MAX_CURVES = 6  # more in one picture cannot be told apart
_MAX_MATRIX = 20  # classes of a confusion matrix that fits a page
_MAX_CONFUSIONS = 40  # of the most frequent errors, where the matrix is too wide


def score_summary(
    scores: Mapping[MulticlassMetric, Estimate],
    choose_by: MulticlassMetric,
    recalls: Mapping[str, Estimate],
    rows: int,
    weights: Floats | None = None,
) -> str:
    """The gate in two sentences: the score to choose by, and the class that is missed most."""
    score = f"{metric_title(choose_by)} {estimate_text(scores[choose_by])}"
    main = f"{score} on {rows_text(rows, weights)}."
    if not recalls:
        return main
    worst = min(recalls, key=lambda label: recalls[label].value)
    return f"{main} Missed most often: {worst}, recall {estimate_text(recalls[worst])}."


def score_sheet(
    scores: Mapping[MulticlassMetric, Estimate],
    truth: Ints,
    rivals: Mapping[str, ClassAnswers],
    costs: Floats,
    weights: Floats | None = None,
) -> Sheet:
    """Every score of the model with its interval, beside its rivals' on the same rows."""
    return Sheet(
        title=SCORES_TITLE,
        columns=("score", "model", "low", "high", *rivals),
        rows=tuple(
            (
                metric,
                now.value,
                now.interval.low,
                now.interval.high,
                *(point_score(metric, truth, rival, costs, weights) for rival in rivals.values()),
            )
            for metric, now in scores.items()
        ),
        note="Intervals at 95 %; none where too few rows tell. Cost is the mean per row, Brier the "
        "sum over classes (0 to 2). The dummy knows the shares of training alone.",
    )


def score_measurements(
    scores: Mapping[MulticlassMetric, Estimate], choose_by: MulticlassMetric
) -> tuple[Measurement, ...]:
    """Every score of the model, for programs; the metric to choose by is the headline."""
    return tuple(
        Measurement(
            kind="score",
            metric=metric,
            value=score.value,
            interval=score.interval,
            headline=metric == choose_by,
        )
        for metric, score in scores.items()
    )


# --- single classes -------------------------------------------------------------------------------


def class_recalls(
    truth: Ints, who: ClassAnswers, clusters: Clusters | None = None
) -> dict[str, Estimate]:
    """The share of each class's rows that are decided so, of classes with test rows."""
    right = who.decision == truth
    return {
        label: _share(right[truth == code], _inside(clusters, truth == code))
        for code, label in enumerate(who.classes)
        if (truth == code).any()
    }


def class_precisions(
    truth: Ints, who: ClassAnswers, clusters: Clusters | None = None
) -> dict[str, Estimate]:
    """The share of decisions for each class that are right, of classes that are decided."""
    right = who.decision == truth
    return {
        label: _share(right[who.decision == code], _inside(clusters, who.decision == code))
        for code, label in enumerate(who.classes)
        if (who.decision == code).any()
    }


def _inside(clusters: Clusters | None, rows: Bools) -> Clusters | None:
    return clusters.of(rows) if clusters else None


def _share(successes: Bools, clusters: Clusters | None) -> Estimate:
    if clusters is None:
        limits = wilson_limits(int(successes.sum()), len(successes))
    else:
        spread = spread_of(clusters.mean_error(successes))
        limits = clustered_share_limits(weighted_mean(successes, clusters), len(successes), spread)
    return Estimate(
        weighted_mean(successes, clusters), make_interval(*(side.item() for side in limits))
    )


def class_sheet(
    truth: Ints,
    who: ClassAnswers,
    recalls: Mapping[str, Estimate],
    precisions: Mapping[str, Estimate],
) -> Sheet:
    """Recall and precision of every class, with their intervals."""
    rows, decided = (np.bincount(v, minlength=len(who.classes)) for v in (truth, who.decision))
    return Sheet(
        title="Classes",
        columns=(
            *("class", "rows", "decided", "recall", "recall low", "recall high"),
            *("precision", "precision low", "precision high"),
        ),
        rows=tuple(
            (
                label,
                int(rows[code]),
                int(decided[code]),
                *_cells(recalls.get(label)),
                *_cells(precisions.get(label)),
            )
            for code, label in enumerate(who.classes)
        ),
        note="Recall: the share of the class's rows that are decided so. Precision: the share of "
        "its decisions that are right. Wilson's intervals at 95 %.",
    )


def _cells(estimate: Estimate | None) -> tuple[Cell, ...]:
    if estimate is None:
        return None, None, None
    return estimate.value, estimate.interval.low, estimate.interval.high


def confusion_sheet(truth: Ints, who: ClassAnswers, clusters: Clusters | None = None) -> Sheet:
    """The confusion matrix in rows; of more than 20 classes, the most frequent errors."""
    classes = len(who.classes)
    weights = scaled_weights(clusters)
    cells = np.bincount(truth * classes + who.decision, weights, minlength=classes**2)
    kind: type[int | float] = int if weights is None else float
    matrix = cells.reshape(classes, classes)
    if classes <= _MAX_MATRIX:
        return Sheet(
            title="Confusion matrix",
            columns=("truth", *(f"decided {label}" for label in who.classes)),
            rows=tuple((label, *map(kind, matrix[code])) for code, label in enumerate(who.classes)),
            note="" if weights is None else "Rows count by their weights.",
        )
    wrong = np.where(np.eye(classes, dtype=bool), 0, matrix).ravel()
    order = [k for k in np.argsort(-wrong, kind="stable")[:_MAX_CONFUSIONS] if wrong[k]]
    return Sheet(
        title="Confusion matrix",
        columns=("truth", "decided", "rows"),
        rows=tuple(
            (who.classes[k // classes], who.classes[k % classes], kind(wrong[k]))
            for k in map(int, order)
        ),
        note=f"The most frequent errors; the matrix of {classes} classes is too wide to show.",
    )


def cost_sheet(
    truth: Ints,
    everyone: Mapping[str, ClassAnswers],
    costs: Floats,
    clusters: Clusters | None = None,
) -> Sheet:
    """What each way to decide costs, in the use case's unit."""
    first = next(iter(everyone.values()))
    ways = {name: costs[truth, who.decision] for name, who in everyone.items()}
    weights = scaled_weights(clusters)
    by_class = np.average(costs[truth], axis=0, weights=weights)
    cheapest = np.argsort(by_class, kind="stable")[:_MAX_CURVES]
    ways |= {f"always {first.classes[k]}": costs[truth, k] for k in map(int, cheapest)}
    return Sheet(
        title="Cost",
        columns=("policy", "errors", "cost", "per 1,000 rows"),
        rows=tuple(
            (
                name,
                int((cost > 0).sum()),
                float(cost.sum() if weights is None else cost @ weights),
                1000 * float(np.average(cost, weights=weights)),
            )
            for name, cost in ways.items()
        ),
        note="By performance.cost_matrix; an error that it does not name costs 1. Of the policies "
        "that need no model the cheapest are listed.",
    )


# --- figures --------------------------------------------------------------------------------------


def recall_figure(recalls: Mapping[str, Estimate], precisions: Mapping[str, Estimate]) -> Figure:
    """Recall and precision of every class, with whiskers."""
    named = {"recall": recalls, "precision": precisions}
    told = "; ".join(f"{label} {one.value:.0%}" for label, one in list(recalls.items())[:20])
    return Figure(
        title="Recall and precision by class",
        kind="intervals",
        series=tuple(
            Series(
                name=name,
                points=tuple(
                    Point(label=label, value=v, low=low, high=high)
                    for label, one in found.items()
                    for v, low, high in [(one.value, one.interval.low, one.interval.high)]
                ),
            )
            for name, found in named.items()
            if found
        ),
        axis="share, with 95 % interval",
        alt=f"Recall by class: {told}.",
    )
