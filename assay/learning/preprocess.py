"""From columns to numbers, derived from what the columns are.

One recipe for every estimator: trees do not mind that numbers are scaled, and what all
candidates share is explained once. The result is plain scikit-learn, so that a model can be
loaded without Assay.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler, TargetEncoder

from assay.errors import DataError
from assay.learning.estimators import FieldLocator, make_transformer, no_location

RECIPES = ("numbers", "dates", "categories", "names")
"""The names of the parts that `make_preprocessor` makes of its own; overrides have others."""
MAX_CATEGORIES = 50
"""Distinct values above which a text column is encoded by its target rate, not one by one."""
OutcomeKind = Literal["binary", "multiclass", "continuous"]
"""What the target rate of a value is a rate of, in scikit-learn's words."""
MIN_CATEGORY_ROWS = 10
"""Rows below which a value is pooled with the other rare ones."""


def make_preprocessor(
    frame: pd.DataFrame,
    *,
    seed: int,
    outcomes: OutcomeKind = "binary",
    overrides: Mapping[str, str] | None = None,
    path: tuple[str | int, ...] = (),
    locate: FieldLocator = no_location,
) -> ColumnTransformer:
    """The unfitted transformer for `frame`, the training rows as `signature.cast` yields them.

    Numbers: median, an indicator where values are missing, unit variance. Text: one column a
    value, missing a value of its own, rare and unknown ones pooled; with more than `MAX_CATEGORIES`
    values the cross-fitted target rate instead (Micci-Barreca 2001): of each class where there are
    several, the mean of amounts. Dates: days since 1970.
    `overrides` maps columns to import paths, drop or passthrough. Columns without any value are
    left out.

    Raises ConfigError for an unknown override, DataError when no column is left.
    """
    overrides = overrides or {}
    parts: dict[str, list[str]] = {}
    chosen: list[tuple[str, Any, list[str]]] = []
    for name in frame.columns:
        if name in overrides:
            made = make_transformer(overrides[name], (*path, "preprocess", name), locate)
            chosen.append((f"own_{name}", made, [name]))
        elif part := _recipe_name(frame[name]):
            parts.setdefault(part, []).append(name)
    recipes = _recipes(seed, outcomes)
    steps = [(part, recipes[part], parts[part]) for part in recipes if part in parts]
    steps += chosen
    if all(made == "drop" for _, made, _ in steps):
        raise DataError(
            "no column is left to learn from",
            remedy="Identity, sensitive, excluded and empty columns are no features: add others.",
        )
    return ColumnTransformer(steps, remainder="drop", verbose_feature_names_out=False)


def _recipe_name(column: pd.Series) -> str | None:
    """Which recipe a column follows; None for one without any value."""
    if column.isna().all():
        return None
    if pd.api.types.is_datetime64_dtype(column.dtype):
        return "dates"
    if pd.api.types.is_float_dtype(column.dtype):
        return "numbers"
    return "names" if column.nunique() > MAX_CATEGORIES else "categories"


def _recipes(seed: int, outcomes: OutcomeKind) -> dict[str, Any]:
    folds = KFold if outcomes == "continuous" else StratifiedKFold

    def numbers() -> list[Any]:
        return [SimpleImputer(strategy="median", add_indicator=True), StandardScaler()]

    return {
        "numbers": make_pipeline(*numbers()),
        # pandas' own methods, because a pickle that names functions of Assay's needs Assay.
        "dates": make_pipeline(
            _pandas_method(pd.DataFrame.sub, pd.Timestamp(0).as_unit("us")),
            _pandas_method(pd.DataFrame.truediv, pd.Timedelta(days=1)),
            *numbers(),
        ),
        "categories": OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            min_frequency=MIN_CATEGORY_ROWS,
            sparse_output=False,
        ),
        "names": make_pipeline(
            TargetEncoder(target_type=outcomes, cv=folds(5, shuffle=True, random_state=seed)),
            StandardScaler(),
        ),
    }


def _pandas_method(method: Any, other: Any) -> FunctionTransformer:
    return FunctionTransformer(method, kw_args={"other": other}, feature_names_out="one-to-one")
