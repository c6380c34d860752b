"""Measures a fitted model: the time for one row and for many, memory, bytes.

It runs in the process that trained the model, in one thread, and for a bounded time. The figures
depend on the machine and the moment, so they are stored apart from all that does not.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from typing import Any, Final

import pandas as pd

from assay.learning.one_thread import one_thread
from assay.learning.scoring_model import ScoringModel

MAX_CALLS: Final = 100  # for single rows: a 95th percentile has no upper limit below 72
MAX_BATCHES: Final = 20
MAX_BATCH_ROWS: Final = 10_000  # of a batch, at the most
MIN_CALLS: Final = 3  # calls are timed whatever they take; one may have been held up
BUDGET: Final = 1.0  # seconds for single rows; batches take less than half of it


def measure_timing(
    model: ScoringModel, rows: pd.DataFrame, size: int, *, budget: float = BUDGET
) -> dict[str, Any]:
    """How long `model` takes for `rows`, one at a time and as a batch, as JSON.

    `row`: seconds a call, each for another row; `batch`: `rows` of a batch and `seconds` a call;
    `memory`: bytes at the peak of such a call, of what Python's allocators see (NumPy and pandas
    among them; a library's own are not), null where something else is tracing; `bytes`: `size`,
    of the stored model. A first call of either kind is not counted. Raises ValueError without
    rows.
    """
    if not len(rows):
        raise ValueError("no rows to time a model with")
    rows = rows[model.columns]
    with one_thread():
        one = _time_calls(lambda i: model.predict(rows.iloc[[i % len(rows)]]), MAX_CALLS, budget)
        batch = rows.iloc[: _choose_batch_size(model, rows, 0.4 * budget)]
        many = _time_calls(lambda _: model.predict(batch), MAX_BATCHES, 0.4 * budget)
        peak = _peak_memory(lambda: model.predict(batch))
    return {
        "row": one,
        "batch": {"rows": len(batch), "seconds": many},
        "memory": peak,
        "bytes": size,
    }


def _time_calls(call: Callable[[int], Any], most: int, budget: float) -> list[float]:
    """Seconds of up to `most` calls, fewer once the budget is spent."""
    call(0)
    seconds: list[float] = []
    while len(seconds) < MIN_CALLS or (len(seconds) < most and sum(seconds) < budget):
        began = time.perf_counter()
        call(len(seconds) + 1)
        seconds.append(round(time.perf_counter() - began, 7))
    return seconds


def _choose_batch_size(model: ScoringModel, rows: pd.DataFrame, budget: float) -> int:
    """How many rows a batch may have, so that a slow model does not hold training up.

    A call costs something by itself, and each row more; both are told apart before ten times as
    many rows are asked for, but for the first time.
    """
    most, batch, dearest = min(len(rows), MAX_BATCH_ROWS), 1, budget / 2
    first = _quickest_call(model, rows, 1)
    each = first if 10 * first > 2 * budget else 0.0
    while batch < most and first + 10 * batch * each < dearest:
        batch = min(10 * batch, most)
        taken = _quickest_call(model, rows, batch)
        each = max(taken - first, 0.0) / (batch - 1)
        if taken > dearest:
            return max(batch // 10, 1)
    return batch


def _quickest_call(model: ScoringModel, rows: pd.DataFrame, batch: int) -> float:
    """Seconds of the quickest of three calls: one that the machine held up would pass for a slow
    model."""
    return min(_time_call(model, rows, batch) for _ in range(MIN_CALLS))


def _time_call(model: ScoringModel, rows: pd.DataFrame, batch: int) -> float:
    began = time.perf_counter()
    model.predict(rows.iloc[:batch])
    return time.perf_counter() - began


def _peak_memory(call: Callable[[], Any]) -> int | None:
    if tracemalloc.is_tracing():
        return None
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
