"""What runs and their models cost: seconds by stage, and a model's size and speed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.errors import IntegrityError
from assay.runs.comparison.compared_run import ComparedRun


@dataclass(frozen=True)
class RunCosts:
    """`seconds` by stage, as computed when the step was last done, of all candidates together.
    `peak_bytes` is the most memory that a step took. Of the model: its size, seconds to fit, a
    single row's seconds (median, and the 95th percentile) and rows per second in a batch; None
    where nothing was measured.
    """

    seconds: dict[str, float]
    peak_bytes: int | None
    model_bytes: int | None = None
    fit_seconds: float | None = None
    row_seconds: tuple[float, float] | None = None
    rows_per_second: float | None = None

    @property
    def total_seconds(self) -> float:
        return sum(self.seconds.values())


def read_costs(run: ComparedRun) -> RunCosts:
    """What the run's record and its timing say. A timing that is gone leaves gaps."""
    seconds: dict[str, float] = {}
    for step in run.steps:
        stage = step["components"]["stage"]
        seconds[stage] = seconds.get(stage, 0.0) + step["seconds"]
    peaks = [step["memory"] for step in run.steps if step.get("memory")]
    peak = max(peaks, default=None)
    model, timing = run.artifact("model"), run.artifact("timing")
    size = model.size if model else None
    try:
        told = run.bucket.get_json(timing) if timing else {}
    except IntegrityError:
        told = {}
    row, batch = told.get("row"), told.get("batch") or {}
    speeds = batch.get("seconds") or []
    return RunCosts(
        seconds=seconds,
        peak_bytes=peak,
        model_bytes=size,
        fit_seconds=told.get("fit"),
        row_seconds=(float(np.median(row)), float(np.quantile(row, 0.95))) if row else None,
        rows_per_second=batch["rows"] / float(np.median(speeds)) if speeds else None,
    )
