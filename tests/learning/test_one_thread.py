"""Nothing is fitted, and nothing answered, by more than one thread."""

from __future__ import annotations

import threading
from contextlib import suppress

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from assay.learning.one_thread import limit_to_one_thread, one_thread
from assay.learning.scoring_model import ScoringModel

RNG = np.random.default_rng(0)
ROWS = pd.DataFrame(RNG.normal(size=(300, 3)).round(3), columns=list("abc")).assign(
    person=range(300), income=np.where(RNG.random(300) < 0.5, ">50K", "<=50K")
)


class CountsThreads(ClassifierMixin, BaseEstimator):
    """Works in as many joblib workers as it likes, and remembers how many threads took part."""

    def fit(self, rows, truth):
        self.classes_ = np.unique(truth)
        self.fit_threads_ = self.count()
        return self

    def predict_proba(self, rows):
        self.predict_threads_ = self.count()
        share = 1 / (1 + np.exp(-np.asarray(rows, dtype=float)[:, 0]))
        return np.column_stack([1 - share, share])

    def predict(self, rows):
        return (self.predict_proba(rows)[:, 1] > 0.5).astype(int)

    @staticmethod
    def count():
        gate = threading.Barrier(2, timeout=0.2)

        def work(_):
            with suppress(threading.BrokenBarrierError):
                gate.wait()
            return threading.get_ident()

        return len(
            set(joblib.Parallel(n_jobs=2, prefer="threads")(map(joblib.delayed(work), "ab")))
        )


class Threaded(CountsThreads):
    """Says what others call `n_jobs`, and by default nothing."""

    def __init__(self, nthread=None, num_threads=None, thread_count=None):
        self.nthread, self.num_threads, self.thread_count = nthread, num_threads, thread_count


FOREST = RandomForestClassifier(n_estimators=2, n_jobs=2)
ROOTS = {
    "its own": FOREST,
    "in a pipeline": Pipeline([("scale", StandardScaler()), ("forest", FOREST)]),
    "in a meta-estimator": CalibratedClassifierCV(FOREST, n_jobs=-1),
    "in a list": VotingClassifier([("one", FOREST), ("two", LogisticRegression())], n_jobs=2),
    "two deep": Pipeline([("bag", BaggingClassifier(Pipeline([("forest", FOREST)]), n_jobs=-1))]),
    "by other names": Threaded(nthread=4, num_threads=0, thread_count=-1),
}


@pytest.mark.parametrize("estimator", ROOTS.values(), ids=ROOTS)
def test_every_number_of_threads_becomes_one(estimator):
    from sklearn.base import clone

    limited = limit_to_one_thread(clone(estimator)).get_params(deep=True)
    counts = {
        name: value
        for name, value in limited.items()
        if name.rpartition("__")[2] in {"n_jobs", "nthread", "num_threads", "thread_count"}
    }
    assert counts
    assert set(counts.values()) <= {1, None}
    assert {type(None)} != {type(value) for value in counts.values()}


def test_scikit_learns_own_none_stays_and_anothers_becomes_one():
    assert limit_to_one_thread(LogisticRegression()).n_jobs is None
    assert limit_to_one_thread(Threaded()).nthread == 1


def test_workers_that_an_estimator_starts_by_itself_are_not_started():
    assert CountsThreads().fit(ROWS, [0, 1]).fit_threads_ == 2
    with one_thread():
        assert CountsThreads().fit(ROWS, [0, 1]).fit_threads_ == 1


def test_the_search_the_last_fit_and_the_answers_use_one_thread(use_case, table, teach, say):
    path = f"{__name__}.CountsThreads"
    case = use_case({"estimator": path, "calibrate": "none"}, data={"sensitive": {}})
    made = teach(table(ROWS), np.arange(300) >= 240, case, say)
    model = ScoringModel.load(made.model, made.signature)
    model.predict(ROWS)
    fitted = model.fitted.estimator_.estimator.named_steps["model"]
    assert (fitted.fit_threads_, fitted.predict_threads_) == (1, 1)


@pytest.mark.parametrize("where", ["params", "search"])
def test_a_forest_of_two_jobs_is_the_forest_of_one(use_case, table, teach, say, where):
    path = "sklearn.ensemble.RandomForestClassifier"

    def forest(jobs):
        told = {"n_estimators": 5, "n_jobs": jobs} if where == "params" else {"n_estimators": 5}
        search = {"n_jobs": [jobs]} if where == "search" else {}
        case = use_case(
            {"estimator": path, "params": told, "search": search}, data={"sensitive": {}}
        )
        return teach(table(ROWS), np.arange(300) >= 240, case, say)

    one, two = forest(1), forest(2)
    assert one.model == two.model
    assert one.predictions.equals(two.predictions)
