"""Early rows and late rows, by the column that says when a row was so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.gates.feasibility.all_rows import time_column
from assay.gates.feasibility.labelled_rows import LabelledRows
from assay.gates.statistics.intervals import Bools


@dataclass(frozen=True)
class Periods:
    """The kept rows by time: `late_rows` marks those at or after `border`."""

    column: str
    border: object
    is_late: Bools

    @property
    def late_words(self) -> str:
        return f"{self.column} of {format_moment(self.border)} and later"


def find_periods(data: LabelledRows) -> tuple[Periods | None, str]:
    """Early and late rows, or none and the words why not. The late ones are those of the test,
    or where the split does not go by time, a newest share of its size."""
    column = time_column(data.use_case)
    if column is None:
        return None, "the use case names no column of time (data.time)"
    times = data.all_rows.columns[column]
    if not _has_order(times):
        return None, f"{column} holds neither dates nor numbers"
    border = _find_border(data, times)
    if border is None:
        return None, f"{column} holds one moment only"
    return Periods(column, border, np.asarray(times.iloc[data.kept_rows] >= border)), ""


def late_rows(data: LabelledRows, column: str) -> Bools | None:
    """Whether each labelled row is of the test, where rows are split by that column's time; None
    if that column cannot be split by."""
    times = data.all_rows.columns[column]
    border = _find_border(data, times) if _has_order(times) else None
    return None if border is None else np.asarray(times >= border)


def format_moment(value: object) -> str:
    """A border as people write it: 2016, 2024-07-01, 2024-07-01 12:00."""
    if isinstance(value, pd.Timestamp):
        return str(value.date() if value == value.normalize() else value.floor("min"))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _has_order(times: pd.Series) -> bool:
    kinds = pd.api.types
    numeric = kinds.is_numeric_dtype(times) and not kinds.is_bool_dtype(times)
    return bool(numeric or kinds.is_datetime64_any_dtype(times)) and bool(times.notna().any())


def _find_border(data: LabelledRows, times: pd.Series) -> object:
    """The first moment of the late rows: as the split has it, else the newest share of the size
    of the test. None if nothing is earlier."""
    split = data.use_case.split
    if split.by == "time" and split.after is not None and times.name == split.column:
        after = split.after
        dated = pd.api.types.is_datetime64_any_dtype(times)
        return pd.Timestamp(after) if dated and isinstance(after, str) else after
    known = times.dropna()
    border = known.quantile(1 - split.test, interpolation="higher")
    if border == known.min():  # the ties go to the earlier side
        later = known[known > border]
        return later.min() if len(later) else None
    return border
