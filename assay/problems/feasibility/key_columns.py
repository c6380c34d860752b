"""Text columns whose values are keys of several parts, and name less, or more, than one seems."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from assay.gates.feasibility.all_rows import time_column
from assay.gates.feasibility.labelled_rows import LabelledRows
from assay.gates.report import Check, Verdict

MIN_KEYS = 100  # different values; of fewer, a text of parts is a category
MIN_REPEATED_SHARE = 0.3  # of the rows, that have a key in common with another
MIN_LATER_SHARE = 0.1  # of the repeated keys, that come back at another time
_PARTS = re.compile(r"[A-Za-z0-9]+(?:([:/|_-])[A-Za-z0-9]+)(?:\1[A-Za-z0-9]+)*")


def check_key_columns(data: LabelledRows) -> list[Check]:
    """A caution for each column of composite keys that repeat, with the lines that a split by what
    they name would take. Whether rows with one key are of one thing, people must say.
    """
    use_case = data.use_case
    known = {use_case.data.target.column, use_case.data.time, use_case.split.column}
    known |= set(use_case.data.identity)
    return [
        check
        for name in map(str, data.frame.columns)
        if name not in known and (check := _check(data, name))
    ]


def _check(data: LabelledRows, name: str) -> Check | None:
    column = data.frame[name].dropna()
    if not len(column) or not (
        isinstance(column.dtype, pd.CategoricalDtype)
        or pd.api.types.is_string_dtype(column)
        or pd.api.types.is_object_dtype(column)
    ):
        return None
    counts = column.value_counts()
    counts = counts[counts > 0]
    repeated = int(counts[counts > 1].sum())
    if len(counts) < MIN_KEYS or repeated < MIN_REPEATED_SHARE * len(column):
        return None
    matches = [_PARTS.fullmatch(str(value)) for value in counts.index]
    separators = {match[1] for match in matches if match}
    if not all(matches) or len(separators) != 1:
        return None
    separator = separators.pop()
    parts = max(str(value).count(separator) for value in counts.index) + 1
    time = time_column(data.use_case)
    later = _share_at_several_times(data.frame, name, time) if time else None
    fewer = len({str(value).rpartition(separator)[0] for value in counts.index})
    reused = later is not None and later > MIN_LATER_SHARE
    used_again = f" {later:.0%} of the repeated ones stand at several {time}." if reused else ""
    with_time = f" and {time}, by which they repeat," if reused else ""
    feature = f" and data.exclude: [{name}]" if name in data.features else ""
    return Check(
        name=f"identifiers[{name}]",
        claim=f"{name} is no key of what several rows belong to",
        verdict=Verdict.CAUTION,
        statistic="different keys",
        estimate=float(len(counts)),
        why=f"{name} holds keys of {parts} parts parted by {separator!r}: {len(counts):,} different"
        f" ones in {len(column):,} rows, {fewer:,} without the last part.{used_again}",
        remedy="Find out what its parts name. If rows with the same first parts belong together,"
        f" make a column of these{with_time} and add split: {{by: group, column: THAT_COLUMN}}"
        f"{feature}.",
        hard=False,
        rows=len(column),
    )


def _share_at_several_times(frame: pd.DataFrame, name: str, time: str) -> float | None:
    """The share of the repeated keys that stand at more than one moment."""
    if time not in frame.columns:
        return None
    grouped = frame.groupby(name, observed=True)[time]
    sizes, moments = grouped.size().to_numpy(), grouped.nunique().to_numpy()
    several = sizes > 1
    return float(np.mean(moments[several] > 1)) if several.any() else None
