"""How many predictions are off by how much: what a ROC curve is to a question of yes or no.

Source: Bi & Bennett, Regression error characteristic curves, ICML 2003.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from assay.gates.performance.curves import CURVE_POINTS
from assay.gates.report import Figure, Point, Series
from assay.gates.statistics.intervals import Floats
from assay.gates.statistics.weighted_quantiles import weighted_quantile
from assay.problems.regression.amount_text import format_amount

_SHOWN = 0.99  # of the farthest errors; the last hundredth would be most of the picture


def error_curve_figure(
    truth: Floats, everyone: Mapping[str, Floats], unit: str, weights: Floats | None = None
) -> Figure:
    """The share of rows whose prediction is off by at most so much, for each one's predictions."""
    shares = np.linspace(0, _SHOWN, CURVE_POINTS)
    series, told = [], []
    for name, prediction in everyone.items():
        errors = np.abs(prediction - truth)
        off = _quantiles(errors, shares, weights)
        points = tuple(
            Point(label=format_amount(float(x)), x=float(x), value=float(y))
            for x, y in zip(off, shares, strict=True)
        )
        series.append(Series(name=name, points=points))
        half, most = map(float, _quantiles(errors, np.array([0.5, 0.9]), weights))
        told.append(f"{name} {format_amount(half)} and {format_amount(most)}")
    counted = f", {unit}" if unit else ""
    return Figure(
        title="How far predictions are off",
        kind="curve",
        series=tuple(series),
        axis="share of rows",
        x_axis=f"off by at most{counted}",
        alt="By how much half of the predictions, and nine tenths, are off at most"
        f"{counted}: {'; '.join(told)}.",
    )


def _quantiles(errors: Floats, shares: Floats, weights: Floats | None) -> Floats:
    if weights is None:
        return np.quantile(errors, shares)
    return np.array([weighted_quantile(errors, float(share), weights) for share in shares])
