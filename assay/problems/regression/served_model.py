"""A fitted model of amounts as it is stored and served."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import Pipeline

from assay.problems.regression.conformal import AnswerRule
from assay.problems.regression.spread_model import SpreadFeatures, predict_spread


class ServedAmounts:
    """A pipeline, the model of its spread, and the rule that makes an amount and an interval."""

    def __init__(
        self,
        pipeline: Pipeline,
        features: SpreadFeatures,
        spread_model: HistGradientBoostingRegressor | None,
        rule: AnswerRule,
    ) -> None:
        self.pipeline = pipeline
        self.features = features
        self.spread_model = spread_model
        self.rule = rule

    def answer(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The columns prediction, low and high, float64 in the target's unit, on the rows' index.

        `rows` are as the pipeline takes them. Where it gives no finite number, all three are NaN.
        """
        values = np.asarray(self.pipeline.predict(rows), dtype=np.float64)
        finite = np.isfinite(values)
        encoded = self.features.encode(rows, np.where(finite, values, 0.0))
        found = self.rule.answer(values, predict_spread(self.spread_model, encoded))
        whole = finite & np.isfinite(np.column_stack(list(found.values()))).all(axis=1)
        return pd.DataFrame(
            {name: np.where(whole, column, np.nan) for name, column in found.items()},
            index=rows.index,
        )
