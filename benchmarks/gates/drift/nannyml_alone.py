"""NannyML's univariate calculator: two distances a column, fitted on the reference before."""

from __future__ import annotations

from pathlib import Path

import nannyml
import pandas as pd

from benchmarks.gates.drift.columns import NUMBERS, TEXTS, reference


def prepare(folder: Path) -> nannyml.UnivariateDriftCalculator:
    """A calculator that knows the reference."""
    known = pd.read_parquet(reference(folder) / "rows.parquet", columns=NUMBERS + TEXTS)
    return nannyml.UnivariateDriftCalculator(
        column_names=NUMBERS + TEXTS,
        treat_as_categorical=TEXTS,
        continuous_methods=["kolmogorov_smirnov", "jensen_shannon", "wasserstein"],
        categorical_methods=["chi2", "jensen_shannon"],
        chunk_number=1,
    ).fit(known)


def work(folder: Path, calculator: nannyml.UnivariateDriftCalculator) -> str:
    """Read the file and compare."""
    current = pd.read_parquet(folder / "rows.parquet", columns=NUMBERS + TEXTS)
    found = calculator.calculate(current).filter(period="analysis").to_df(multilevel=True)
    alerts = found.xs("alert", axis=1, level=2).iloc[0].groupby(level=0).any()
    return f"{int(alerts.sum())} of {len(alerts)} columns with an alert"
