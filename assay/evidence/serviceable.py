"""Rows that cannot serve the question at all: an error that says what to mend, not a verdict."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pyarrow as pa

from assay.config.data import Sensitive, Target
from assay.config.read import Written
from assay.errors import DataError
from assay.evidence.groups import group_labels, reference_of
from assay.evidence.rows import Rows
from assay.learning.target import outcomes, unlabelled


def check_serviceable(rows: Rows, written: Written) -> None:
    """Raise DataError, with the line of the use case that the rows do not bear.

    The rows have every column that the use case names. Refused are: a target with one class, a
    sensitive column with no groups to compare or too many, a feature without any value.
    """
    data, where = written.use_case.data, written.text.where
    with _at(where(("data", "target"))):
        _check_target(rows, data.target)
    for name, declared in data.sensitive.items():
        with _at(where(("data", "sensitive", name))):
            _check_groups(rows, declared, name)
    for name in written.use_case.features(list(rows.columns)):
        if rows.columns[name].missing == rows.count:
            raise DataError(
                f"the column {name!r} has no value in any of {rows.count:,} rows",
                where=where(("data",)),
                remedy="Mend the source, or list the column under data.exclude.",
            )


def _check_target(rows: Rows, target: Target) -> None:
    missing = rows.columns[target.column].missing
    if missing:
        raise unlabelled(missing, rows.count, target)
    outcomes(pa.chunked_array([rows.values(target.column)[0]]), target)


def _check_groups(rows: Rows, declared: Sensitive, name: str) -> None:
    """Each different value is labelled once; how many rows hold it decides nothing but which
    group is the largest."""
    values, counts = rows.values(name)
    missing = rows.columns[name].missing
    column = values.to_pandas()
    if missing:
        column, counts = pd.concat([column, pd.Series([None])]), np.append(counts, missing)
    labels = group_labels(column.reset_index(drop=True), declared, name)
    reference_of(pd.Series(counts).groupby(labels.to_numpy()).sum(), declared, name)


@contextmanager
def _at(where: str) -> Iterator[None]:
    """Give a DataError the line of the use case that it is about."""
    try:
        yield
    except DataError as error:
        raise DataError(error.what, where=where, remedy=error.remedy) from None
