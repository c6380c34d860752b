"""The validation gate's check of amounts."""

from __future__ import annotations

import numpy as np

from assay.config.data import Target
from assay.dataset.row_source import RowSource
from assay.gates.report import Check
from assay.problems.outcome_check import judge_outcomes
from assay.problems.regression.outcomes import read_outcomes


def check_outcomes(rows: RowSource, target: Target) -> Check:
    """Whether every row has an amount, and the amounts differ."""
    above = " above 0" if target.log else ""
    return judge_outcomes(
        rows,
        target,
        claim=f"The target {target.column!r} holds amounts{above}, in {target.unit}",
        read=read_outcomes,
        describe=_describe,
    )


def _describe(amounts: np.ndarray, counts: np.ndarray, target: Target) -> str:
    mean = float(np.average(amounts, weights=counts))
    ends = f"{amounts.min():,.4g} to {amounts.max():,.4g}"
    return f"{counts.sum():,} rows hold {ends} {target.unit}, on average {mean:,.4g}."
