"""How large a model's errors are expected to be, row by row: the width of its intervals.

A small boosted model of the size of out-of-fold residuals, so that intervals are wide where errors
are large. It sees the features and the prediction, never an outcome.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder

from assay.learning.one_thread import one_thread
from assay.learning.preprocess import MIN_CATEGORY_ROWS

_MOST_CATEGORIES: Final = 200  # a boosted tree takes 255; rarer ones are pooled
_SMALLEST: Final = 1e-3  # where the mean size is 1: a gamma loss takes no 0


class SpreadFeatures:
    """From rows to numbers, without outcomes: numbers and dates as they are, text as codes."""

    def __init__(self, rows: pd.DataFrame) -> None:
        known = [name for name in rows.columns if not rows[name].isna().all()]
        dates = [n for n in known if pd.api.types.is_datetime64_dtype(rows[n].dtype)]
        numbers = [n for n in known if pd.api.types.is_float_dtype(rows[n].dtype)]
        texts = [n for n in known if n not in {*dates, *numbers}]
        codes = OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=np.nan,
            min_frequency=MIN_CATEGORY_ROWS,
            max_categories=_MOST_CATEGORIES,
        )
        # pandas' own methods, as in the preprocessing of a pipeline.
        days = make_pipeline(
            FunctionTransformer(pd.DataFrame.sub, kw_args={"other": pd.Timestamp(0).as_unit("us")}),
            FunctionTransformer(pd.DataFrame.truediv, kw_args={"other": pd.Timedelta(days=1)}),
        )
        steps = [("numbers", "passthrough", numbers), ("dates", days, dates)]
        steps.append(("texts", codes, texts))
        used = [step for step in steps if step[2]]
        self.encoder = ColumnTransformer(used).fit(rows) if used else None
        self.categories = list(range(len(numbers) + len(dates), len(known)))

    def encode(self, rows: pd.DataFrame, predicted: np.ndarray) -> np.ndarray:
        """float64, a row each: the features, then the prediction."""
        encoded = (
            self.encoder.transform(rows) if self.encoder is not None else np.empty((len(rows), 0))
        )
        return np.column_stack([np.asarray(encoded, dtype=np.float64), predicted])


def fit_spread(
    features: np.ndarray,
    sizes: np.ndarray,
    categories: list[int],
    seed: int,
    *,
    weights: np.ndarray | None = None,
) -> HistGradientBoostingRegressor | None:
    """A model of residuals' sizes (float64, one a row, around 1); None where all of them are 0.
    Rows count for `weights` rows each, or for one.
    """
    if not sizes.any():
        return None
    model = HistGradientBoostingRegressor(
        loss="gamma",
        learning_rate=0.1,
        max_iter=60,
        max_leaf_nodes=15,
        min_samples_leaf=50,
        early_stopping=False,
        categorical_features=categories,
        random_state=seed,
    )
    with one_thread():
        return model.fit(features, np.maximum(sizes, _SMALLEST), sample_weight=weights)


def predict_spread(model: HistGradientBoostingRegressor | None, features: np.ndarray) -> np.ndarray:
    """The expected size of each row's residual, float64; 1 without a model."""
    if model is None or not len(features):
        return np.ones(len(features))
    with one_thread():
        found: np.ndarray = model.predict(features)
    return found
