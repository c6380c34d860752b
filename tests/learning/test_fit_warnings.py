"""What is kept of a fit's warnings is the estimator's own, whatever else the process warns of."""

from __future__ import annotations

import asyncio
import gc
import importlib
import tempfile
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from assay.learning.fit_warnings import record_fit_warnings

RNG = np.random.default_rng(0)
ROWS = pd.DataFrame({"a": RNG.normal(size=200), "b": 1e6 * RNG.normal(size=200)})
TRUTH = (RNG.random(200) < 0.5).astype(int)


def texts(act, estimator=None):
    with record_fit_warnings(estimator or LogisticRegression()) as found:
        act()
    return found.texts


def test_an_estimators_own_warnings_are_kept_and_each_once():
    model = LogisticRegression(max_iter=1)
    found = texts(lambda: [model.fit(ROWS, TRUTH) for _ in range(2)], model)
    assert len(found) == 1
    assert "failed to converge" in found[0]


def test_those_of_the_numeric_libraries_are_kept():
    assert texts(lambda: np.mean([])) != ()


def leave_a_file_open():
    open(__file__)  # noqa: SIM115 - what the garbage collector is to find
    gc.collect()


def leave_a_coroutine_alone():
    async def never():
        await asyncio.sleep(0)

    never()
    gc.collect()


def leave_a_folder():
    tempfile.TemporaryDirectory()
    gc.collect()


def warn_of_old_code():
    warnings.warn("old", DeprecationWarning, stacklevel=1)


def warn_from(module):
    """As a module of another package does, in a thread or in a callback."""
    spec = importlib.util.find_spec(module)
    warnings.warn_explicit("not of this fit", UserWarning, spec.origin, 1)


FOREIGN = {
    "an open file": leave_a_file_open,
    "a coroutine": leave_a_coroutine_alone,
    "a folder": leave_a_folder,
    "old code": warn_of_old_code,
    "another package": lambda: warn_from("pydantic"),
    "the standard library": lambda: warn_from("asyncio"),
    "another part of Assay": lambda: warn_from("assay.errors"),
}


@pytest.mark.parametrize("happens", FOREIGN.values(), ids=FOREIGN)
def test_what_the_process_warns_of_is_not_kept(happens):
    assert texts(happens) == ()


class Warns(ClassifierMixin, BaseEstimator):
    def fit(self, rows, truth):
        self.classes_ = np.unique(truth)
        warnings.warn(f"{object()} is odd\nin two lines", ConvergenceWarning, stacklevel=1)
        warnings.warn("and so is its caller", UserWarning, stacklevel=2)
        return self

    def predict(self, rows):
        return np.zeros(len(rows), int)


def test_a_teams_own_estimator_is_heard_and_its_addresses_are_left_out():
    pipeline = Pipeline([("model", Warns())])
    first, second = (texts(lambda: pipeline.fit(ROWS, TRUTH), pipeline) for _ in range(2))
    assert first == second == ("<object object at 0x...> is odd", "and so is its caller")


def test_no_warning_reaches_the_screen(recwarn):
    texts(warn_of_old_code)
    assert not recwarn.list
