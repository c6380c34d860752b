from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from assay.config.gates import Performance
from assay.errors import DataError
from assay.problems.regression.conformal import HeldOutRows, learn_intervals, learn_rule
from assay.problems.regression.spread_model import SpreadFeatures, fit_spread, predict_spread

NINE_TENTHS = Performance(coverage=0.9)


def test_the_ends_are_the_ranks_of_split_conformal_prediction():
    residuals = np.arange(39.0)
    rule = learn_rule(residuals, np.ones(39), NINE_TENTHS, log=False)
    assert (rule.low, rule.high) == (1.0, 37.0)  # second smallest and second largest of 39


def test_a_new_row_is_held_as_often_as_promised_whatever_the_residuals():
    source = np.random.default_rng(7)
    hits = 0
    for _ in range(4_000):
        drawn = source.standard_t(2, size=40) + source.exponential(size=40)
        rule = learn_rule(drawn[:39], np.ones(39), NINE_TENTHS, log=False)
        hits += rule.low <= drawn[39] <= rule.high
    assert hits / 4_000 == pytest.approx(0.9, abs=0.015)  # exactly .9 in expectation


@pytest.mark.parametrize(("coverage", "needed"), [(0.9, 19), (0.8, 9), (0.95, 39)])
def test_fewer_rows_than_the_coverage_needs_are_refused(coverage, needed):
    asked = Performance(coverage=coverage)
    learn_rule(np.arange(float(needed)), np.ones(needed), asked, log=False)
    with pytest.raises(DataError, match=f"needs {needed} training rows .* there are {needed - 1}"):
        learn_rule(np.arange(needed - 1.0), np.ones(needed - 1), asked, log=False)


@pytest.mark.parametrize("rows", [8, 18, 38])
def test_the_line_that_a_refusal_names_is_one_that_the_rows_bear(rows):
    with pytest.raises(DataError) as refused:
        learn_rule(np.arange(float(rows)), np.ones(rows), Performance(coverage=0.99), log=False)
    told = re.search(r"`coverage: ([\d.]+)` or less under performance", refused.value.remedy)
    assert told
    named = float(told[1])
    learn_rule(np.arange(float(rows)), np.ones(rows), Performance(coverage=named), log=False)
    more = Performance(coverage=named + 0.005)
    with pytest.raises(DataError):
        learn_rule(np.arange(float(rows)), np.ones(rows), more, log=False)


def make_rows(rows: int = 1_200) -> HeldOutRows:
    """Residuals of very different sizes, which no feature tells."""
    source = np.random.default_rng(3)
    frame = pd.DataFrame(source.normal(size=(rows, 6)), columns=list("abcdef"))
    residuals = source.normal(size=rows) * np.exp(source.normal(size=rows))
    return HeldOutRows(frame, frame["a"].to_numpy(), frame["a"] + residuals, np.arange(rows) % 5)


def test_a_rows_own_residual_does_not_widen_its_interval():
    held = make_rows()
    made = learn_intervals(held, NINE_TENTHS, log=False, seed=7)
    sizes, width = np.abs(held.residuals), made.frame["high"] - made.frame["low"]
    assert abs(np.corrcoef(np.log(sizes), np.log(width))[0, 1]) < 0.07
    features = SpreadFeatures(held.rows)
    encoded = features.encode(held.rows, held.predicted)
    own = predict_spread(fit_spread(encoded, sizes, features.categories, 7), encoded)
    assert np.corrcoef(np.log(sizes), np.log(own))[0, 1] > 0.2


def test_served_quantiles_are_not_narrowed_by_a_spread_model_that_knows_its_rows():
    held = make_rows()
    made = learn_intervals(held, NINE_TENTHS, log=False, seed=7)
    fresh = np.random.default_rng(4)
    rows = pd.DataFrame(fresh.normal(size=(4_000, 6)), columns=list("abcdef"))
    truth = fresh.normal(size=4_000) * np.exp(fresh.normal(size=4_000))
    spread = predict_spread(made.spread_model, made.features.encode(rows, rows["a"].to_numpy()))
    found = made.rule.answer(np.zeros(4_000), spread)
    hit = (found["low"] <= truth) & (truth <= found["high"])
    assert hit.mean() == pytest.approx(0.9, abs=0.025)


def test_predictions_without_an_error_have_intervals_without_width():
    held = make_rows()
    exact = HeldOutRows(held.rows, held.predicted, held.predicted, held.fold)
    made = learn_intervals(exact, NINE_TENTHS, log=False, seed=7)
    assert made.spread_model is None
    assert (made.frame["low"] == made.frame["high"]).all()
