"""Columns that look like the weights of a survey, and tell the outcome by how rows were drawn."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from assay.gates.feasibility.labelled_rows import LabelledRows
from assay.gates.report import Check, Verdict

_NAMED = re.compile(r"(?:^|[^a-z])[a-z]{0,6}(?:weight|wght|wgt|wt)s?(?:[^a-z]|$)")
LONG_TAIL = 20.0  # times the median, which the largest weight of a long tail exceeds


def check_sampling_weights(
    data: LabelledRows, strong: Mapping[str, float], score: str
) -> list[Check]:
    """A caution for each of the `strong` features (with its `score` alone) that is named a weight,
    is never negative, and has a long tail. A weight of the sample is not known of a new row.
    """
    return [
        _check(name, value, data.frame[name], score)
        for name, value in strong.items()
        if _NAMED.search(name.lower()) and _is_long_tailed(data.frame[name])
    ]


def _is_long_tailed(column: pd.Series) -> bool:
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return False
    known = column.dropna().to_numpy(float)
    positive = known[known > 0]
    if not len(positive) or (known < 0).any() or not np.isfinite(known).all():
        return False
    return bool(positive.max() > LONG_TAIL * np.median(positive))


def _check(name: str, value: float, column: pd.Series, score: str) -> Check:
    known = column.dropna().to_numpy(float)
    effective = float(known.sum() ** 2 / (known**2).sum())
    zero = int((known == 0).sum())
    return Check(
        name=f"leakage[{name}]",
        claim=f"{name} says nothing of how the rows were sampled",
        verdict=Verdict.CAUTION,
        statistic=f"{score} of it alone",
        estimate=value,
        why=f"{name} looks like a sampling weight: {zero:,} of {len(known):,} are 0, the median is"
        f" {np.median(known):.4g} and the largest {known.max():,.4g}. As a feature it has {score}"
        f" {value:.3f} alone, because rows were drawn by their outcome. By such weights the rows"
        f" count as {effective:,.0f} independent ones.",
        remedy=f"No new row has a sampling weight. Add data.weight: {name}, by which rows then "
        f"count, or data.exclude: [{name}] to leave it out.",
        hard=False,
        rows=len(known),
    )
