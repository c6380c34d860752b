"""The bare loop: load, read, predict, write; nothing checked, nothing kept, all in memory."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import joblib
import pandas as pd


def prepare(_: Path) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="assay-bench-")


def work(folder: Path, kept: Any) -> str:
    model = joblib.load(folder / "model.joblib")
    rows = pd.read_parquet(folder / "rows.parquet")
    numbers = rows.select_dtypes("number").columns.drop("person")
    probability = model.predict_proba(rows.astype(dict.fromkeys(numbers, "float64")))[:, 1]
    answers = pd.DataFrame({"person": rows["person"], "probability": probability})
    answers["decision"] = probability >= 0.5
    answers.to_parquet(Path(kept.name) / "answers.parquet")
    return f"{len(answers):,} rows"
