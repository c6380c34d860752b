"""ROC and precision-recall curves: thinned, with their ends, and where the decisions lie."""

from __future__ import annotations

import numpy as np
import pytest

from assay.gates.performance.curves import (
    CURVE_POINTS,
    curve_points,
    precision_recall_figure,
    roc_figure,
)
from assay.gates.performance.point_scores import ModelPredictions, confusion_counts

RNG = np.random.default_rng(3)
TRUTH = RNG.random(3000) < 0.3
SCORE = np.clip(0.3 + 0.25 * TRUTH + RNG.normal(0, 0.2, 3000), 0, 1)
MODEL = ModelPredictions(SCORE, SCORE >= 0.5)
DUMMY = ModelPredictions(np.full(3000, 0.3), np.zeros(3000, bool))


def series(figure, name):
    (found,) = [one for one in figure.series if one.name == name]
    return found.points


def area(points):
    x, y = np.array([(p.x, p.value) for p in points]).T
    return float(np.trapezoid(y, x))


def test_a_thinned_curve_keeps_its_ends_and_its_area():
    from sklearn.metrics import roc_auc_score

    drawn = series(roc_figure(TRUTH, {"model": MODEL, "dummy": DUMMY}), "model")
    assert len(drawn) <= CURVE_POINTS
    assert (drawn[0].x, drawn[0].value) == (0, 0)
    assert (drawn[-1].x, drawn[-1].value) == (1, 1)
    assert area(drawn) == pytest.approx(roc_auc_score(TRUTH, SCORE), abs=0.01)


def test_a_curve_of_few_points_is_not_thinned():
    assert len(curve_points(np.array([0.0, 0.5, 1.0]), np.array([0.0, 0.8, 1.0]))) == 3


@pytest.mark.parametrize("draw", [roc_figure, precision_recall_figure])
def test_the_decisions_are_a_point_of_both_curves(draw):
    tp, fp, fn, tn = confusion_counts(TRUTH, MODEL.decision)
    places = {
        roc_figure: (fp / (fp + tn), tp / (tp + fn)),
        precision_recall_figure: (tp / (tp + fn), tp / (tp + fp)),
    }
    figure = draw(TRUTH, {"model": MODEL, "dummy": DUMMY})
    (decided,) = series(figure, "as decided")
    assert (decided.x, decided.value) == pytest.approx(places[draw])
    nearest = min(np.hypot(p.x - decided.x, p.value - decided.value)
                  for p in series(figure, "model"))  # fmt: skip
    assert nearest < 0.03


def test_precision_is_compared_with_the_share_of_positives():
    figure = precision_recall_figure(TRUTH, {"model": MODEL, "dummy": DUMMY})
    assert figure.reference == pytest.approx(TRUTH.mean())
    assert [one.name for one in figure.series] == ["model", "as decided"]


def test_a_model_that_never_says_yes_has_no_precision_to_mark():
    mute = ModelPredictions(SCORE, np.zeros(3000, bool))
    figure = precision_recall_figure(TRUTH, {"model": mute})
    assert [one.name for one in figure.series] == ["model"]


@pytest.mark.parametrize("draw", [roc_figure, precision_recall_figure])
def test_the_order_of_rows_changes_no_curve(draw):
    order = RNG.permutation(len(TRUTH))
    assert draw(TRUTH[order], {"model": MODEL.of(order)}) == draw(TRUTH, {"model": MODEL})
