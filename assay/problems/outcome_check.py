"""The validation gate's check of outcomes that are no yes or no."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from assay.config.data import Target
from assay.dataset.row_source import RowSource
from assay.dataset.target import UNLABELLED_REMEDY, no_label_error
from assay.errors import DataError
from assay.gates.report import Check, Verdict
from assay.gates.validation.built_in_checks import missing_target_error

ReadOutcomes = Callable[[pa.ChunkedArray, Target], np.ndarray]
DescribeOutcomes = Callable[[np.ndarray, np.ndarray, Target], str]
"""From the different outcomes and how many rows have each: what they are, in a sentence."""


def judge_outcomes(
    rows: RowSource, target: Target, *, claim: str, read: ReadOutcomes, describe: DescribeOutcomes
) -> Check:
    """Whether every row has an outcome, and all outcomes are such as can be learnt.

    `read` is the type's own reading of the column, asked about each different value once.
    """
    missing = rows.columns[target.column].missing if target.column in rows.columns else 0
    known, wrong, remedy, seen = rows.count - missing, "", "", ""
    try:
        if target.column not in rows.columns:
            raise missing_target_error(target, list(rows.columns))
        values, counts = rows.values(target.column)
        if not len(values):
            raise no_label_error(target)
        seen = describe(read(pa.chunked_array([values]), target), counts, target)
    except DataError as error:
        wrong, remedy = error.what, error.remedy or "Bring rows that hold it."
    if missing and not remedy:
        remedy = UNLABELLED_REMEDY
    unlabelled = f" {missing:,} rows have no outcome." if missing else ""
    said = f"{wrong[:1].upper()}{wrong[1:]}." if wrong else seen
    return Check(
        name="target",
        claim=claim,
        verdict=Verdict.FAIL if wrong or missing else Verdict.PASS,
        statistic="rows with an outcome",
        estimate=float(known),
        why=said + unlabelled,
        remedy=remedy,
        rows=known,
    )
