"""Rows that cannot serve the question at all: an error that says what to mend, not a verdict."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa

from assay.config.data import Sensitive, Target
from assay.config.loaded_use_case import LoadedUseCase
from assay.config.row_weight import RowWeight
from assay.dataset.groups import MISSING_LABEL, group_labels, reference_from_counts
from assay.dataset.row_source import RowSource
from assay.dataset.row_weights import weight_values
from assay.dataset.target import labels_from_column, unlabelled_error
from assay.errors import DataError, locate_data_errors
from assay.tables.dates import are_dates

CheckTarget = Callable[[pa.ChunkedArray, Target], object]
"""Raises DataError for outcomes that cannot be learnt."""


def check_preconditions(
    rows: RowSource,
    loaded_use_case: LoadedUseCase,
    check_target: CheckTarget = labels_from_column,
) -> None:
    """Raise DataError, with the line of the use case that the rows do not bear.

    The rows have every column that the use case names. Refused are: outcomes that `check_target`
    refuses (of a yes or no: those of one class), a
    sensitive column with no groups to compare or too many, text where times are ordered, weights
    that are none, a feature without any value.
    """
    data, where = loaded_use_case.use_case.data, loaded_use_case.text.locate
    with locate_data_errors(where(("data", "target"))):
        _check_target(rows, data.target, check_target)
    for name, declared in data.sensitive.items():
        with locate_data_errors(where(("data", "sensitive", name))):
            _check_groups(rows, declared, name)
    for path, name in loaded_use_case.use_case.time_references():
        with locate_data_errors(where(path)):
            _check_ordered(rows, name)
    if data.weight is not None:
        with locate_data_errors(where(("data", "weight"))):
            _check_weight(rows, data.weight)
    for name in loaded_use_case.use_case.feature_columns(list(rows.columns)):
        if rows.columns[name].missing == rows.count:
            raise DataError(
                f"the column {name!r} has no value in any of {rows.count:,} rows",
                where=where(("data",)),
                remedy="Mend the source, or list the column under data.exclude.",
            )


def _check_target(rows: RowSource, target: Target, check: CheckTarget) -> None:
    missing = rows.columns[target.column].missing
    if missing:
        raise unlabelled_error(missing, rows.count, target)
    different, counts = rows.values(target.column)
    # Each value as often as it occurs: what is refused is counted.
    places = pa.array(np.repeat(np.arange(len(counts)), counts))
    check(pa.chunked_array([different.take(places)]), target)


def _check_weight(rows: RowSource, declared: RowWeight) -> None:
    frame = rows.frame([declared.column])
    weight_values(pa.chunked_array([pa.Array.from_pandas(frame[declared.column])]), declared)


def _check_ordered(rows: RowSource, name: str) -> None:
    if rows.columns[name].type not in {"text", "category"}:
        return
    iso = are_dates(rows.values(name)[0])
    raise DataError(
        f"the column {name!r} holds " + ("dates, but was read as text" if iso else "text"),
        remedy=f"Declare data.dates: {{{name}: iso}}."
        if iso
        else f"Declare the form of its dates, such as data.dates: {{{name}: iso}} (rows that do"
        f" not fit are set aside) or {{{name}: '%d.%m.%Y'}}, or name a column of dates or numbers.",
    )


def _check_groups(rows: RowSource, declared: Sensitive, name: str) -> None:
    """Each different value is labelled once; how many rows hold it decides nothing but which
    group is the largest."""
    values, counts = rows.values(name)
    missing = rows.columns[name].missing
    if missing:  # in the column's own type: numbers stay numbers
        values = pa.concat_arrays([values, pa.nulls(1, values.type)])
        counts = np.append(counts, missing)
    column = values.to_pandas()
    labels = group_labels(column, declared, name)
    reference_from_counts(pd.Series(counts).groupby(labels.to_numpy()).sum(), declared, name)
    held = set(labels) - {MISSING_LABEL}
    if declared.bins and len(held) == 1:
        cuts = ", ".join(f"{cut:g}" for cut in declared.bins)
        raise DataError(
            f"the cut points {cuts} of {name!r} put all its values, {column.min():g} to "
            f"{column.max():g}, into one group, {held.pop()!r}: there is nobody to compare",
            remedy="Write cut points between these values, or take the column out of "
            "data.sensitive.",
        )
