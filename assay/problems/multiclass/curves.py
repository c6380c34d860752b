"""ROC and precision-recall curves of each class against the rest."""

from __future__ import annotations

import numpy as np

from assay.gates.performance.curves import CURVE_POINTS, curve_points
from assay.gates.report import Figure, Series
from assay.gates.statistics.intervals import Floats
from assay.problems.multiclass.answers import ClassAnswers, Ints

_MAX_CURVES = 6  # more in one picture cannot be told apart
_PRECISION_POINTS = CURVE_POINTS // 2  # of each class, to keep the page small


def curve_figures(truth: Ints, who: ClassAnswers, weights: Floats | None = None) -> list[Figure]:
    """Both figures, of the most frequent classes; none where all rows are of one class."""
    shown = _shown_classes(truth, who)
    if not shown:
        return []
    return [_roc_figure(truth, who, shown, weights), _precision_figure(truth, who, shown, weights)]


def _shown_classes(truth: Ints, who: ClassAnswers) -> list[int]:
    rows = np.bincount(truth, minlength=len(who.classes))
    shown = [k for k in np.argsort(-rows, kind="stable") if 0 < rows[k] < len(truth)][:_MAX_CURVES]
    return sorted(map(int, shown))


def _roc_figure(truth: Ints, who: ClassAnswers, shown: list[int], weights: Floats | None) -> Figure:
    from sklearn.metrics import roc_curve

    series, told = [], []
    for code in shown:
        x, y, _ = roc_curve(truth == code, who.probability[:, code], sample_weight=weights)
        series.append(Series(name=who.classes[code], points=curve_points(x, y)))
        told.append(f"{np.interp(0.1, x, y):.0%} of the rows that are {who.classes[code]}")
    return Figure(
        title="ROC curves, one class against the rest",
        kind="curve",
        series=tuple(series),
        axis="true positive rate",
        x_axis="false positive rate",
        alt=f"At a false positive rate of 10 % are found: {', '.join(told)}.",
    )


def _precision_figure(
    truth: Ints, who: ClassAnswers, shown: list[int], weights: Floats | None
) -> Figure:
    from sklearn.metrics import precision_recall_curve

    series, told = [], []
    for code in shown:
        y, x, _ = precision_recall_curve(
            truth == code, who.probability[:, code], sample_weight=weights
        )
        name = who.classes[code]
        series.append(Series(name=name, points=curve_points(x, y, _PRECISION_POINTS)))
        share = float(np.average(truth == code, weights=weights))
        told.append(f"{name} {np.interp(0.5, x[::-1], y[::-1]):.0%} (by chance {share:.0%})")
    return Figure(
        title="Precision and recall, one class against the rest",
        kind="curve",
        series=tuple(series),
        axis="precision",
        x_axis="recall",
        alt=f"Precision where half of a class's rows are found: {', '.join(told)}.",
    )
