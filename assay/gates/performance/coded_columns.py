"""Feature columns as few codes: a column's values, or quantile bins of its numbers, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.config.data import bin_labels
from assay.dataset.groups import MISSING_LABEL

MAX_CODES = 12  # values of a column that can make a slice, the most frequent first
BINS = 5  # quantile bins of a number or a date


@dataclass(frozen=True, slots=True)
class CodedColumn:
    """One column: a code a row (intp), and the label of each code. -1: a value too rare to tell."""

    name: str
    codes: np.ndarray
    labels: tuple[str, ...]


def code_columns(frame: pd.DataFrame, min_rows: int) -> list[CodedColumn]:
    """The columns of `frame` in which at least two values hold `min_rows` rows each.

    Numbers and dates of more than a few values become quantile bins, such as "30-50" (30
    included, 50 not). A missing value is a value of its own.
    """
    made = (_code_column(frame[name], str(name), min_rows) for name in frame.columns)
    return [column for column in made if len(column.labels) > 1]


def _code_column(column: pd.Series, name: str, min_rows: int) -> CodedColumn:
    ordered = pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column)
    if ordered and not pd.api.types.is_bool_dtype(column) and column.nunique() > MAX_CODES:
        return _bin_column(column, name, min_rows)
    codes, values = pd.factorize(column, sort=False, use_na_sentinel=True)
    return _keep_frequent(codes, [_text(value) for value in values], name, min_rows)


def _bin_column(column: pd.Series, name: str, min_rows: int) -> CodedColumn:
    held = column.isna().to_numpy()
    dates = pd.api.types.is_datetime64_any_dtype(column)
    if dates:
        plain = column.astype("datetime64[us]").to_numpy().astype(np.int64).astype(float)
    else:
        plain = column.to_numpy(dtype=float, na_value=np.nan)
    known = plain[~held]
    cuts = np.unique(np.quantile(known, np.arange(1, BINS) / BINS, method="higher"))
    above = known[known > known.min()]
    cuts = cuts[cuts >= above.min()] if cuts[-1] >= above.min() else above.min(keepdims=True)
    codes = np.where(held, -1, np.searchsorted(cuts, plain, side="right"))
    marks = [str(pd.Timestamp(int(c), unit="us"))[:10] if dates else f"{c:.6g}" for c in cuts]
    return _keep_frequent(codes, bin_labels(marks), name, min_rows)


def _keep_frequent(
    codes: np.ndarray, labels: Sequence[str], name: str, min_rows: int
) -> CodedColumn:
    """Only values of `min_rows` rows keep a code, the missing (-1) among them."""
    full = [*labels, MISSING_LABEL]
    place = np.where(codes < 0, len(labels), codes)
    rows = np.bincount(place, minlength=len(full))
    kept = np.argsort(-rows, kind="stable")[:MAX_CODES]
    kept = np.sort(kept[rows[kept] >= min_rows])
    new = np.full(len(full), -1)
    new[kept] = np.arange(len(kept))
    return CodedColumn(name, new[place], tuple(full[i] for i in kept))


def _text(value: object) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    return str(value)
