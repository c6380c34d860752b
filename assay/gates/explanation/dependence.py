"""How a model's answer depends on one column: partial dependence by scikit-learn.

Friedman, Annals of Statistics 29 (2001). Every row is given each value in turn, and the answers are
averaged. Rows are also given values that do not occur beside their other columns, so a curve of a
column that is associated with others says what the model would answer there, not what happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.inspection import partial_dependence

from assay.gates.explanation.answer_scale import AnswerScale
from assay.gates.explanation.explained_rows import ExplainedModel, ExplainedRows
from assay.gates.statistics.intervals import Floats

_ROWS: Final = 400
_POINTS: Final = 10
_MIDDLE: Final = (0.05, 0.95)  # of the values: beyond, few rows tell
_MOST_VALUES: Final = 10  # of a text column; the most frequent


@dataclass(frozen=True, eq=False)
class Dependence:
    """Mean responses at some values of a column, by the response's name. `values` are numbers,
    moments as text, or texts.
    """

    column: str
    kind: str  # "number", "text" or "date"
    values: tuple[float | str, ...]
    means: Mapping[str, Floats]

    @property
    def width(self) -> float:
        """The largest difference between two means of one response."""
        return max(float(np.ptp(curve)) for curve in self.means.values())


def measure_dependence(
    model: ExplainedModel, rows: ExplainedRows, scale: AnswerScale, column: str
) -> Dependence | None:
    """The dependence on one column over the middle 90 % of its values, or its most frequent texts;
    None for a column that does not vary.
    """
    frame = rows.features.iloc[:_ROWS]
    entry = next((one for one in model.signature["inputs"] if one["name"] == column), None)
    if entry is None:
        return None
    values, kind = _grid(rows.features[column])
    if len(values) < 2:
        return None
    # scikit-learn assigns value after value to the column: numbers stand for the values.
    codes = frame.assign(**{column: np.zeros(len(frame))})
    names = list(scale.responses(model.predict(frame.iloc[:1])))
    found = partial_dependence(
        _Responses(model, scale, column, values).fit(codes),
        codes,
        [column],
        custom_values={column: np.arange(len(values), dtype=float)},
        method="brute",
        kind="average",
    )
    means = {name: np.asarray(found["average"][place]) for place, name in enumerate(names)}
    return Dependence(column, kind, tuple(map(_shown, values.tolist())), means)


class _Responses(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A model for scikit-learn's inspection: its `column` holds places in `values`."""

    def __init__(self, model: Any, scale: Any, column: str, values: pd.Series) -> None:
        self.model = model
        self.scale = scale
        self.column = column
        self.values = values

    def fit(self, X: Any, y: Any = None) -> _Responses:  # noqa: ARG002, N803 - scikit-learn's names
        self.n_features_in_ = X.shape[1]
        return self

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        held = self.values.iloc[X[self.column].to_numpy(dtype=int)].set_axis(X.index)
        responses = self.scale.responses(self.model.predict(X.assign(**{self.column: held})))
        stacked = np.column_stack(list(responses.values()))
        return stacked[:, 0] if stacked.shape[1] == 1 else stacked


def _grid(column: pd.Series) -> tuple[pd.Series, str]:
    """The values at which the answers are averaged, of the column's own type."""
    known = column.dropna()
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        kind = "date"
    else:
        kind = "number" if pd.api.types.is_float_dtype(column.dtype) else "text"
    if kind == "text":
        counts = known.value_counts()
        often = sorted(counts.index, key=lambda value: (-counts[value], str(value)))[:_MOST_VALUES]
        return pd.Series(sorted(often, key=str), dtype=column.dtype), kind
    distinct = np.sort(known.unique())
    if len(distinct) <= _POINTS:
        return pd.Series(distinct).astype(column.dtype), kind
    shares = np.linspace(*_MIDDLE, _POINTS)
    chosen = np.unique(known.quantile(shares, interpolation="nearest").to_numpy())
    if len(chosen) < _POINTS // 2:  # nearly all rows hold one value: rather even among the others
        chosen = np.unique(pd.Series(distinct).quantile(shares, interpolation="nearest").to_numpy())
    return pd.Series(chosen).astype(column.dtype), kind


def _shown(value: Any) -> float | str:
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return value if isinstance(value, str) else float(value)
