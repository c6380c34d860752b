"""The share of predictions that are off by at most so much."""

from __future__ import annotations

import numpy as np
import pytest

from assay.problems.regression.error_curve import error_curve_figure

RNG = np.random.default_rng(5)
TRUTH = RNG.gamma(2.0, 10.0, 2000)
CLOSE, FAR = TRUTH + RNG.normal(0, 2, 2000), np.full(2000, float(np.median(TRUTH)))


def curve(figure, name):
    (found,) = [one for one in figure.series if one.name == name]
    return np.array([(p.x, p.value) for p in found.points])


def test_the_curve_is_the_distribution_of_absolute_errors():
    drawn = curve(error_curve_figure(TRUTH, {"model": CLOSE}, "euros"), "model")
    for off, share in drawn[10::20]:
        assert np.mean(np.abs(CLOSE - TRUTH) <= off) == pytest.approx(share, abs=0.005)


def test_a_better_model_lies_above_its_rival_everywhere():
    figure = error_curve_figure(TRUTH, {"model": CLOSE, "dummy": FAR}, "euros")
    model, dummy = curve(figure, "model"), curve(figure, "dummy")
    assert (model[1:, 0] < dummy[1:, 0]).all()
    assert "off at most, euros: model " in figure.alt


def test_another_unit_rescales_the_errors_alone():
    once = curve(error_curve_figure(TRUTH, {"m": CLOSE}, ""), "m")
    cents = curve(error_curve_figure(100 * TRUTH, {"m": 100 * CLOSE}, ""), "m")
    assert cents[:, 0] == pytest.approx(100 * once[:, 0])
    assert cents[:, 1] == pytest.approx(once[:, 1])
