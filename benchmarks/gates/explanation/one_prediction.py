"""The plain limit: the model asked once about every exchange that the importances need."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks.gates.explanation.fitted import ASKED, FittedAdult, fit_adult


def prepare(folder: Path) -> FittedAdult:
    """The model."""
    return fit_adult(folder)


def work(_folder: Path, fitted: FittedAdult) -> str:
    """Three exchanges for each column."""
    rows = fitted.features.iloc[:ASKED]
    with threadpool_limits(limits=1):
        found = fitted.model.predict_proba(pd.concat([rows] * 3 * rows.shape[1]))
    return f"{len(found):,} answers"
