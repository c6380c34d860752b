"""Timing is bounded, leaves the model alone, and says what was timed."""

import itertools
import json
import time
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from assay.gates.statistics.quantiles import quantile
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
    assert found["batch"]["rows"] == timing.BATCH_ROWS
    assert timing.MIN_CALLS <= len(found["row"]) <= timing.MAX_CALLS
    assert all(seconds > 0 for seconds in [*found["row"], *found["batch"]["seconds"]])
    assert found["memory"] > timing.BATCH_ROWS * 8


@pytest.mark.parametrize("count", [1, 400, 10_000])
@pytest.mark.parametrize("slow", [False, True])
def test_a_batch_is_of_the_same_size_however_many_rows_there_are_and_however_slow_it_is(
    count, slow
):
    model = served(per_row=0.0001 * slow)
    found = timing.measure_timing(model, rows(count), 1, budget=0.2)
    assert found["batch"]["rows"] == timing.BATCH_ROWS
    assert set(model.fitted.asked) == {1, timing.BATCH_ROWS}


def test_a_slow_model_is_asked_seldom():
    model = served(per_row=0.0002)
    found = timing.measure_timing(model, rows(10_000), 1, budget=0.02)
    assert len(found["batch"]["seconds"]) == timing.MIN_CALLS
    assert model.fitted.asked.count(timing.BATCH_ROWS) == timing.MIN_CALLS + 2  # one warms up


@pytest.mark.parametrize(("seconds_a_call", "calls"), [(0.001, timing.MAX_BATCHES), (0.05, 4)])
def test_a_machine_that_holds_calls_up_makes_fewer_of_them(monkeypatch, seconds_a_call, calls):
    ticks = itertools.count()
    clock = SimpleNamespace(perf_counter=lambda: next(ticks) * seconds_a_call)
    monkeypatch.setattr(timing, "time", clock)
    found = timing.measure_timing(served(), rows(2000), 1, budget=0.4)
    assert len(found["batch"]["seconds"]) == calls
    bounds = quantile(found["batch"]["seconds"], 0.5).interval
    assert (bounds.high is None) == (calls < 6)  # fewer calls, a wider interval


def test_no_rows_are_refused():
    with pytest.raises(ValueError, match="no rows"):
        timing.measure_timing(served(), rows(0), 1)


def test_memory_that_something_else_traces_is_left_unknown():
    tracemalloc.start()
    try:
        assert timing.measure_timing(served(), rows(5), 1, budget=0.01)["memory"] is None
    finally:
        tracemalloc.stop()
