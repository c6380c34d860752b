"""Rows that cannot serve the question at all: an error that says what to mend, not a verdict."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pandas as pd
import pyarrow as pa

from assay.config.read import Written
from assay.errors import DataError
from assay.evidence.groups import group_labels, reference_group
from assay.learning.target import outcomes


def check_serviceable(frame: pd.DataFrame, written: Written) -> None:
    """Raise DataError, with the line of the use case that the rows do not bear.

    `frame` has every column that the use case names. Refused are: a target with one class, a
    sensitive column with no groups to compare or too many, a feature without any value.
    """
    data, where = written.use_case.data, written.text.where
    with _at(where(("data", "target"))):
        _check_target(frame, written)
    for name, declared in data.sensitive.items():
        with _at(where(("data", "sensitive", name))):
            reference_group(group_labels(frame[name], declared, name), declared, name)
    for name in written.use_case.features(list(frame.columns)):
        if frame[name].isna().all():
            raise DataError(
                f"the column {name!r} has no value in any of {len(frame):,} rows",
                where=where(("data",)),
                remedy="Mend the source, or list the column under data.exclude.",
            )


def _check_target(frame: pd.DataFrame, written: Written) -> None:
    target = written.use_case.data.target
    outcomes(pa.chunked_array([pa.Array.from_pandas(frame[target.column])]), target)


@contextmanager
def _at(where: str) -> Iterator[None]:
    """Give a DataError the line of the use case that it is about."""
    try:
        yield
    except DataError as error:
        raise DataError(error.what, where=where, remedy=error.remedy) from None
