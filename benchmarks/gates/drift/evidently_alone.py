"""Evidently's data drift preset over the fourteen columns."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

from benchmarks.gates.drift.columns import NUMBERS, TEXTS, reference

MEANING = DataDefinition(numerical_columns=NUMBERS, categorical_columns=TEXTS)


def prepare(folder: Path) -> pd.DataFrame:
    """The reference's rows: Evidently keeps no profile of them."""
    return pd.read_parquet(reference(folder) / "rows.parquet", columns=NUMBERS + TEXTS)


def work(folder: Path, known: pd.DataFrame) -> str:
    """Read the file and compare."""
    current = pd.read_parquet(folder / "rows.parquet", columns=NUMBERS + TEXTS)
    both = [Dataset.from_pandas(f, data_definition=MEANING) for f in (current, known)]
    found = Report([DataDriftPreset()]).run(*both).dict()
    shifted = found["metrics"][0]["value"]["count"]
    return f"{shifted:g} of {len(NUMBERS + TEXTS)} columns drifted"
