"""Adult as one matrix of numbers, for those who have no preparation of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

WITHHELD = ["income", "fnlwgt", "education", "sex", "race"]


def encoded(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes of text and values of numbers, the truth, and which columns are codes."""
    frame = pd.read_parquet(folder / "rows.parquet")
    truth = (frame["income"] == ">50K").to_numpy()
    features = frame.drop(columns=WITHHELD)
    text = [not pd.api.types.is_numeric_dtype(features[name]) for name in features]
    columns = [
        pd.factorize(features[name], use_na_sentinel=False)[0] if coded else features[name]
        for name, coded in zip(features, text, strict=True)
    ]
    return np.column_stack(columns).astype(float), truth, np.array(text)
