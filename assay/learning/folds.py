"""Cross-validation folds that respect how the test rows were split off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, TimeSeriesSplit

from assay.config.use_case import UseCase
from assay.errors import DataError

Fold = tuple[np.ndarray, np.ndarray]
"""Row numbers to fit on, row numbers held out."""


def folds(truth: np.ndarray, order: pd.Series | None, use_case: UseCase) -> list[Fold]:
    """`search.folds` folds over the training rows.

    Stratified where rows are split by identity. By group, no group stands on both sides of a
    fold; by time, each fold is held out against what came before it (so that the oldest rows
    are never held out). `order` is the split's column on the training rows, or None.

    Raises DataError when a fold would lack one of the classes.
    """
    wanted = use_case.search.folds
    if (rarest := min(truth.sum(), (~truth).sum())) < wanted:
        raise DataError(
            f"{wanted} folds need {wanted} rows of each class in training; one class has {rarest}",
            remedy="Add rows of that class, or set search.folds lower.",
        )
    made = [
        (fit.astype(np.int64), held.astype(np.int64))
        for fit, held in _split(truth, order, use_case)
    ]
    for number, (fit, held) in enumerate(made, start=1):
        if len(np.unique(truth[fit])) < 2 or len(np.unique(truth[held])) < 2:
            raise DataError(
                f"fold {number} of {wanted} would lack one of the two classes",
                remedy="Set search.folds lower, or add rows or groups of the rarer class.",
            )
    return made


def _split(truth: np.ndarray, order: pd.Series | None, use_case: UseCase) -> Iterator[Fold]:
    wanted, seed = use_case.search.folds, use_case.seed
    if order is None:
        splitter = StratifiedKFold(wanted, shuffle=True, random_state=seed)
        yield from splitter.split(truth, truth)
    elif use_case.split.by == "group":
        groups = pd.factorize(order, use_na_sentinel=False)[0]
        if (found := groups.max() + 1) < wanted:
            raise DataError(
                f"{wanted} folds need {wanted} groups in training, but "
                f"{use_case.split.column!r} has {found}",
                remedy="Set search.folds lower, or add groups.",
            )
        by_group = StratifiedGroupKFold(wanted, shuffle=True, random_state=seed)
        yield from by_group.split(truth, truth, groups)
    else:
        rank = np.argsort(order.to_numpy(), kind="stable")  # NaT and NaN come last...
        rank = np.roll(rank, order.isna().sum())  # ...but rows without a time are the past's
        for fit, held in TimeSeriesSplit(wanted).split(rank):
            yield rank[fit], rank[held]


def fold_of_row(made: Sequence[Fold], rows: int) -> np.ndarray:
    """Each row's fold as int64, -1 for rows that no fold holds out."""
    number = np.full(rows, -1, dtype=np.int64)
    for i, (_, held) in enumerate(made):
        number[held] = i
    return number
