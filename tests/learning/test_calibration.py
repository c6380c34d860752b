from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from assay.learning.calibration import (
    calibrate_classifier,
    calibrator_scores,
    cross_fit_probabilities,
)

ROWS, TRUTH = make_classification(400, random_state=0)
FOLDS = list(StratifiedKFold(4, shuffle=True, random_state=0).split(ROWS, TRUTH))
MODELS = [LogisticRegression(), RandomForestClassifier(20, random_state=0)]


def held_out(model, method):
    found, fold = np.full(len(TRUTH), np.nan), np.full(len(TRUTH), -1)
    for i, (fit, held) in enumerate(FOLDS):
        found[held] = calibrator_scores(clone(model).fit(ROWS[fit], TRUTH[fit]), ROWS[held], method)
        fold[held] = i
    return found, fold


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
@pytest.mark.parametrize("model", MODELS, ids=["scores", "probabilities"])
def test_it_is_what_scikit_learn_comes_to_with_fits_of_its_own(model, method):
    own = CalibratedClassifierCV(model, method=method, ensemble=False, cv=FOLDS).fit(ROWS, TRUTH)
    fitted = clone(model).fit(ROWS, TRUTH)
    ours = calibrate_classifier(fitted, held_out(model, method)[0], TRUTH, method)
    assert (ours.predict_proba(ROWS) == own.predict_proba(ROWS)).all()


def test_rows_that_no_fold_held_out_take_no_part():
    model = MODELS[0]
    fitted, (found, _) = clone(model).fit(ROWS, TRUTH), held_out(model, "sigmoid")
    whole = calibrate_classifier(fitted, found, TRUTH, "sigmoid").predict_proba(ROWS)
    found[:100] = np.nan
    part = calibrate_classifier(fitted, found, TRUTH, "sigmoid").predict_proba(ROWS)
    assert not np.isnan(part).any()
    assert (whole != part).any()


def test_a_folds_probabilities_do_not_depend_on_its_own_labels():
    found, fold = held_out(MODELS[0], "sigmoid")
    lied = np.where(fold == 0, 1 - TRUTH, TRUTH)
    honest = cross_fit_probabilities(found, TRUTH, fold, "sigmoid")
    assert (
        cross_fit_probabilities(found, lied, fold, "sigmoid")[fold == 0] == honest[fold == 0]
    ).all()
    assert (
        cross_fit_probabilities(found, lied, fold, "sigmoid")[fold == 1] != honest[fold == 1]
    ).any()


def test_none_leaves_the_probabilities_as_they_are():
    fitted = clone(MODELS[0]).fit(ROWS, TRUTH)
    assert calibrate_classifier(fitted, np.zeros(len(TRUTH)), TRUTH, "none") is fitted
    assert (calibrator_scores(fitted, ROWS, "none") == fitted.predict_proba(ROWS)[:, 1]).all()


def test_the_number_of_threads_changes_no_bit():
    rng, rows = np.random.default_rng(0), 60_000
    scores = rng.normal(size=rows)
    truth = (rng.random(rows) < 1 / (1 + np.exp(-scores))).astype(int)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(cross_fit_probabilities(scores, truth, np.arange(rows) % 5, "sigmoid"))
    assert np.array_equal(*found)
