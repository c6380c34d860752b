"""Sums that stand for their rows: calibration curves, and intervals that follow from them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import r2_score

from assay.config.data import Sensitive
from assay.gates.confusion_cells import ROWS_COLUMN
from assay.gates.fairness.divisions import divide_groups
from assay.gates.fairness.figures import calibration_figure
from assay.gates.fairness.metrics import MEASURES
from assay.gates.fairness.tally import tally_predictions


def made(probability, truth, **more):
    rows = {"truth": np.array(truth, bool), "decision": np.array(probability) > 0.5}
    return pd.DataFrame({**rows, "probability": probability, "sex": "F", **more})


def test_each_probability_falls_into_its_bin():
    p = np.array([0.0, 0.05, 0.1, 0.55, 0.95, 1.0])
    rows = made(p, [0, 1, 0, 1, 1, 1], **{ROWS_COLUMN: [1, 2, 3, 4, 5, 6]})
    curves = tally_predictions(rows, ["sex"]).calibration_bins(["sex"]).loc["F"]
    assert curves["rows"].tolist() == [3, 3, 0, 0, 0, 4, 0, 0, 0, 11]
    assert curves["positives"].tolist() == [2, 0, 0, 0, 0, 4, 0, 0, 0, 11]
    np.testing.assert_allclose(curves["p"][[0, 1, 5, 9]], [0.1, 0.3, 2.2, 10.75])


def test_a_curve_has_the_bins_with_rows_enough():
    rows = made([0.05] * 20 + [0.45] * 9 + [0.95] * 10, [0] * 20 + [1] * 9 + [1] * 10)
    counted = tally_predictions(rows, ["sex"])
    figure = calibration_figure(counted, divide_groups(counted, ("sex",), {"sex": Sensitive()}))
    assert [(round(p.x, 2), p.value) for p in figure.series[0].points] == [(0.05, 0), (0.95, 1)]
    assert "5% was promised" in figure.alt


@pytest.mark.parametrize("base", [0.2, 0.5])
def test_the_interval_of_r2_is_as_wide_as_a_bootstrap_of_the_rows_says(base):
    rng = np.random.default_rng(0)
    p = rng.beta(4 * base, 4 * (1 - base), 1500)
    truth = rng.random(1500) < p**1.3
    sums = divide_groups(
        tally_predictions(made(p, truth), ["sex"]), ("sex",), {"sex": Sensitive()}
    ).sums
    low, high = MEASURES["r2_score"].limits(sums, 0.95)
    drawn = []
    for _ in range(400):
        at = rng.integers(0, 1500, 1500)
        drawn.append(r2_score(truth[at], p[at]))
    assert (high - low) / 2 / 1.96 == pytest.approx([np.std(drawn)], rel=0.12)
