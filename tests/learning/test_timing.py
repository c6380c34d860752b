"""Timing is bounded, leaves the model alone, and says what was timed."""

import json
import time
import tracemalloc

import numpy as np
import pandas as pd
import pytest

from assay.learning import timing
from assay.learning.scoring_model import ScoringModel


class Fitted:
    """A classifier whose calls and rows are counted, and may take their time."""

    def __init__(self, seconds=0.0, per_row=0.0):
        self.seconds, self.per_row = seconds, per_row
        self.asked = []

    def predict_proba(self, rows):
        self.asked.append(len(rows))
        time.sleep(self.seconds + self.per_row * len(rows))
        return np.full((len(rows), 2), 0.5)

    def predict(self, rows):
        return np.zeros(len(rows))


def served(**speed):
    entry = {"name": "x", "type": "number", "nullable": False}
    return ScoringModel(Fitted(**speed), {"inputs": [entry], "groups": None})


def rows(n):
    return pd.DataFrame({"x": np.arange(n, dtype=float), "unused": "text"})


def test_single_rows_and_a_batch_are_timed_and_kept_as_json():
    model = served()
    found = json.loads(json.dumps(timing.measure_timing(model, rows(500), 1234)))
    assert found["bytes"] == 1234
    assert found["batch"]["rows"] == 500
    assert timing.MIN_CALLS <= len(found["row"]) <= timing.MAX_CALLS
    assert all(seconds > 0 for seconds in [*found["row"], *found["batch"]["seconds"]])
    assert found["memory"] > 500 * 8
    assert set(model.fitted.asked) == {1, 10, 100, 500}


def test_a_slow_model_is_asked_seldom_and_little():
    model = served(per_row=0.05)
    found = timing.measure_timing(model, rows(10_000), 1, budget=0.1)
    assert len(found["row"]) == timing.MIN_CALLS
    assert found["batch"]["rows"] == 1
    assert sum(model.fitted.asked) < 20


def test_a_model_that_is_slow_for_many_rows_alone_is_asked_for_fewer():
    model = served()
    quick = model.fitted.predict_proba
    model.fitted.predict_proba = lambda r: time.sleep(0.2 * (len(r) >= 1000)) or quick(r)
    found = timing.measure_timing(model, rows(10_000), 1, budget=0.5)
    assert found["batch"]["rows"] == 100
    assert sum(asked >= 1000 for asked in model.fitted.asked) <= timing.MIN_CALLS


@pytest.mark.parametrize("seconds", [0.1, 0.5])
def test_one_call_that_the_machine_held_up_does_not_shrink_the_batch(seconds):
    model = served()
    quick, held = model.fitted.predict_proba, []

    def once(asked):
        if len(asked) == 10 and not held:
            held.append(time.sleep(seconds))
        return quick(asked)

    model.fitted.predict_proba = once
    found = timing.measure_timing(model, rows(2000), 1, budget=0.6)
    assert held
    assert found["batch"]["rows"] == 2000


def test_a_test_of_one_row_is_enough_and_of_none_is_refused():
    assert timing.measure_timing(served(), rows(1), 1)["batch"]["rows"] == 1
    with pytest.raises(ValueError, match="no rows"):
        timing.measure_timing(served(), rows(0), 1)


def test_memory_that_something_else_traces_is_left_unknown():
    tracemalloc.start()
    try:
        assert timing.measure_timing(served(), rows(5), 1, budget=0.01)["memory"] is None
    finally:
        tracemalloc.stop()
