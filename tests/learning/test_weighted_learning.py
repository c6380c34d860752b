"""Fits, calibration and scores of a yes or no by the weights of rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from assay.errors import ConfigError
from assay.learning.calibration import cross_fit_probabilities, fit_calibrator
from assay.learning.estimators import check_candidates
from assay.learning.mitigation.reweighing import ReweighingWeights
from assay.learning.split import mark_test_rows


def test_calibration_is_that_of_repeated_rows():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=300)
    truth = (rng.random(300) < 1 / (1 + np.exp(-scores))).astype(int)
    weights = rng.exponential(size=300)
    found = fit_calibrator(scores, truth, "isotonic", weights=weights)
    expected = IsotonicRegression(out_of_bounds="clip").fit(scores, truth, sample_weight=weights)
    assert found.predict_proba(scores[:, None])[:, 1] == pytest.approx(expected.predict(scores))
    times = rng.integers(1, 4, 300)
    i, fold = np.repeat(np.arange(300), times), np.arange(300) % 3
    one = cross_fit_probabilities(scores, truth, fold, "sigmoid", weights=times.astype(float))
    other = cross_fit_probabilities(scores[i], truth[i], fold[i], "sigmoid")
    assert one[i] == pytest.approx(other, abs=1e-9)


def test_reweighing_makes_weighted_outcomes_alike_in_every_group():
    rng = np.random.default_rng(0)
    groups, weights = rng.choice(["a", "b"], 400), rng.exponential(size=400)
    truth = rng.random(400) < np.where(groups == "a", 0.3, 0.6)
    found = ReweighingWeights(groups, truth, 1.0, weights)(np.arange(400))
    rates = [np.average(truth[groups == g], weights=found[groups == g]) for g in ("a", "b")]
    assert rates[0] == pytest.approx(rates[1])
    assert found.sum() == pytest.approx(weights.sum())


def test_a_yes_or_no_learns_by_weights_whatever_their_unit(people, use_case, table, say, teach):
    frame = people()
    weights = np.exp(np.random.default_rng(0).normal(size=len(frame)))
    candidate = {"estimator": "sklearn.linear_model.LogisticRegression", "calibrate": "none"}
    case = use_case(candidate, data={"weight": {"column": "w"}})
    made = []
    for unit in (1.0, 0.37):
        rows = table(frame.assign(w=weights * unit))
        made.append(teach(rows, mark_test_rows(rows, case), case, say))
    one, other = made
    assert one.model == other.model
    assert one.predictions.equals(other.predictions)
    assert one.held_out.equals(other.held_out)
    assert one.metadata == other.metadata
    learning = np.setdiff1d(np.arange(len(frame)), one.predictions["row"].to_numpy())
    positive = (frame["income"] == ">50K").to_numpy()[learning]
    expected = np.average(positive, weights=weights[learning])
    assert one.outcomes["prevalence"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    "method",
    ["fairlearn.postprocessing.ThresholdOptimizer", "fairlearn.reductions.GridSearch"],
)
def test_mitigations_without_weights_are_refused_by_name(use_case, method):
    candidate = {
        "estimator": "sklearn.linear_model.LogisticRegression",
        "mitigate": {"method": method, "by": "sex", "constraint": "demographic_parity"},
    }
    check_candidates(use_case(candidate))
    with pytest.raises(ConfigError, match=f"{method.rpartition('.')[2]} takes no weights of rows"):
        check_candidates(use_case(candidate, data={"weight": {"column": "w"}}))
