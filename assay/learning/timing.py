"""Measures a fitted model: the time for one row and for many, memory, bytes.

Measured where the model was just made, in one thread and one process. What is measured depends on
the machine and on the moment: it is kept apart from all that is not. A batch always has the same
number of rows, so that two models and two runs can be compared; a busy machine makes fewer calls
within the time that is given, and their interval wider.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd

from assay.learning.one_thread import one_thread
from assay.learning.scoring_model import ScoringModel

MAX_CALLS: Final = 100  # for single rows: a 95th percentile has no upper limit below 72
MAX_BATCHES: Final = 20
BATCH_ROWS: Final = 1_000  # of a batch, repeated where there are fewer
MIN_CALLS: Final = 3  # calls are timed whatever they take; one may have been held up
BUDGET: Final = 1.0  # seconds for single rows; batches take less than half of it


def measure_timing(
    model: ScoringModel, rows: pd.DataFrame, size: int, *, budget: float = BUDGET
) -> dict[str, Any]:
    """How long `model` takes for `rows`, one at a time and as a batch, as JSON.

    `row`: seconds a call, each for another row; `batch`: `rows` of a batch, always `BATCH_ROWS`,
    and `seconds` a call;
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
        batch = rows.iloc[np.arange(BATCH_ROWS) % len(rows)]
        many = _time_calls(lambda _: model.predict(batch), MAX_BATCHES, 0.4 * budget)
        peak = _peak_memory(lambda: model.predict(batch))
    return {
        "row": one,
        "batch": {"rows": len(batch), "seconds": many},
        "memory": peak,
        "bytes": size,
    }


def _time_calls(call: Callable[[int], Any], max_calls: int, budget: float) -> list[float]:
    """Seconds of up to `max_calls` calls, fewer once the budget is spent."""
    call(0)
    seconds: list[float] = []
    while len(seconds) < MIN_CALLS or (len(seconds) < max_calls and sum(seconds) < budget):
        began = time.perf_counter()
        call(len(seconds) + 1)
        seconds.append(round(time.perf_counter() - began, 7))
    return seconds


def _peak_memory(call: Callable[[], Any]) -> int | None:
    if tracemalloc.is_tracing():
        return None
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
