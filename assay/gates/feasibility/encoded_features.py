"""Columns as numbers, once for every learner of the gate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.gates.statistics.intervals import Bools, Floats
from assay.tables.columns import MAX_NUMBER

MAX_LEVELS = 250  # the learner's histograms hold 255 values and the missing one


@dataclass(frozen=True)
class EncodedFeatures:
    """`matrix` (rows, columns), NaN where a value is missing; `is_categorical` marks columns of
    codes without an order, `is_coded` all those of text and categories: a value, a code."""

    names: tuple[str, ...]
    matrix: Floats
    is_categorical: Bools
    is_coded: Bools


def encode_features(frame: pd.DataFrame) -> EncodedFeatures:
    """Numbers as they are, moments as days, text and categories as codes.

    Codes go by frequency, then by value. A column with more than 250 different values keeps
    the frequency's order and counts as a number: its values are too rare to be learned one by one.
    """
    # Filled column by column: a list of them all would hold a wide table twice.
    matrix, levels = np.empty(frame.shape), np.empty(frame.shape[1], dtype=np.int64)
    for place, name in enumerate(frame.columns):
        matrix[:, place], levels[place] = _encode_column(frame[name])
    return EncodedFeatures(
        names=tuple(str(name) for name in frame.columns),
        matrix=matrix,
        is_categorical=(levels > 0) & (levels <= MAX_LEVELS),
        is_coded=levels > 0,
    )


def _encode_column(column: pd.Series) -> tuple[np.ndarray, int]:
    """The column as numbers, and how many levels it has; 0 for what is a number by nature."""
    kind = column.dtype
    if pd.api.types.is_datetime64_any_dtype(kind):
        days = (column - pd.Timestamp(0).as_unit("us")) / pd.Timedelta(days=1)
        return days.to_numpy(dtype=float), 0
    if pd.api.types.is_numeric_dtype(kind):
        numbers = column.to_numpy(dtype=float, na_value=np.nan)
        finite = np.where(np.isinf(numbers), np.nan, numbers)  # as they are learnt
        return np.clip(finite, -MAX_NUMBER, MAX_NUMBER), 0
    codes, values = pd.factorize(column, sort=True)
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    place = np.empty(len(values))
    place[np.argsort(-counts, kind="stable")] = np.arange(len(values))
    coded = np.append(place, np.nan)[codes]  # code -1, a missing value, finds the last one
    return coded, max(len(values), 1)  # a sample may hold no value of it
