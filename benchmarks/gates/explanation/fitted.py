"""The same boosted trees on Adult for everybody, without anything of Assay's: fitted before the
clock starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

WITHHELD = ["income", "fnlwgt", "education", "sex", "race"]
SEED = 7
ASKED = 2_000  # test rows that are asked about, by everybody


@dataclass(frozen=True)
class FittedAdult:
    """A pipeline, and the test rows: features, outcomes (bool) and groups."""

    model: Pipeline
    features: pd.DataFrame
    truth: np.ndarray
    groups: pd.DataFrame


def fit_adult(folder: Path) -> FittedAdult:
    """Fit on four fifths of the rows."""
    frame = pd.read_parquet(folder / "rows.parquet")
    features, truth = frame.drop(columns=WITHHELD), (frame["income"] == ">50K").to_numpy()
    text = [name for name in features if not pd.api.types.is_numeric_dtype(features[name])]
    numbers = [name for name in features if name not in text]
    features = features.astype(dict.fromkeys(numbers, "float64"))
    test = np.random.default_rng(SEED).random(len(frame)) < 0.2
    model = make_pipeline(
        make_column_transformer(
            (
                OneHotEncoder(
                    handle_unknown="infrequent_if_exist", min_frequency=10, sparse_output=False
                ),
                text,
            ),
            (StandardScaler(), numbers),
        ),
        HistGradientBoostingClassifier(max_iter=100, max_leaf_nodes=15, early_stopping=False),
    )
    with threadpool_limits(limits=1):
        model.fit(features[~test], truth[~test])
    held_out = frame.loc[test, ["sex", "race"]]
    return FittedAdult(model, features[test], truth[test], held_out)
