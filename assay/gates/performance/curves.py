"""ROC and precision-recall curves, thinned to what an eye can tell apart."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from assay.gates.performance.display import count_confusions
from assay.gates.performance.point_scores import ModelPredictions
from assay.gates.report import Figure, Point, Series
from assay.gates.statistics.intervals import Bools, Floats

CURVE_POINTS = 100


def curve_points(x: Floats, y: Floats, most: int = CURVE_POINTS) -> tuple[Point, ...]:
    """At most so many points of a curve, its ends among them."""
    keep = np.unique(np.linspace(0, len(x) - 1, min(len(x), most)).round().astype(int))
    return tuple(
        Point(label=f"{a:.2f}", value=float(b), x=float(a))
        for a, b in zip(x[keep], y[keep], strict=True)
    )


def roc_figure(
    truth: Bools, everyone: Mapping[str, ModelPredictions], weights: Floats | None = None
) -> Figure:
    """The ROC curve of each, and where the first of them decides."""
    from sklearn.metrics import roc_curve

    series, told = [], []
    for name, who in everyone.items():
        x, y, _ = roc_curve(truth, who.probability, sample_weight=weights)
        series.append(Series(name=name, points=curve_points(x, y)))
        told.append(f"{name} finds {np.interp(0.1, x, y):.0%} of the positives")
    tp, fp, fn, tn = count_confusions(truth, next(iter(everyone.values())).decision, weights)
    return Figure(
        title="ROC curve",
        kind="curve",
        series=(*series, _decided_series(fp / (fp + tn), tp / (tp + fn))),
        axis="true positive rate",
        x_axis="false positive rate",
        alt=f"At a false positive rate of 10 %: {', '.join(told)}.",
    )


def precision_recall_figure(
    truth: Bools, everyone: Mapping[str, ModelPredictions], weights: Floats | None = None
) -> Figure:
    """The precision-recall curve of each but the dummy, which is as precise as chance everywhere,
    and where the first of them decides.
    """
    from sklearn.metrics import precision_recall_curve

    series, told = [], []
    for name, who in everyone.items():
        if name == "dummy":
            continue
        y, x, _ = precision_recall_curve(truth, who.probability, sample_weight=weights)
        series.append(Series(name=name, points=curve_points(x, y)))
        told.append(f"{np.interp(0.5, x[::-1], y[::-1]):.0%} of what {name} calls yes is yes")
    tp, fp, fn, _ = count_confusions(truth, next(iter(everyone.values())).decision, weights)
    if tp + fp:
        series.append(_decided_series(tp / (tp + fn), tp / (tp + fp)))
    share = float(np.average(truth, weights=weights))
    return Figure(
        title="Precision and recall",
        kind="curve",
        series=tuple(series),
        axis="precision",
        x_axis="recall",
        reference=share,
        reference_name="share of positives",
        alt=f"Where half of the positives are found, {', '.join(told)}; by chance {share:.0%}.",
    )


def _decided_series(x: float, y: float) -> Series:
    """The one point of a curve that the decisions are."""
    return Series(
        name="as decided", joined=False, points=(Point(label="as decided", x=x, value=y),)
    )
