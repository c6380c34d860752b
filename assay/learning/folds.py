"""Cross-validation folds that respect how the test rows were split off."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from sklearn.model_selection import (
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
)

from assay.config.use_case import UseCase
from assay.errors import DataError

Fold = tuple[np.ndarray, np.ndarray]
"""Row numbers to fit on, row numbers held out."""


def make_folds(truth: np.ndarray, split_values: pd.Series, use_case: UseCase) -> list[Fold]:
    """`search.folds` folds over the training rows.

    `split_values` gives what each training row is split by. By identity or group: its unit (see
    `dataset.row_identity`), and no unit stands on both sides of a fold. By time: its time; each
    fold is tested on a fit to earlier rows, so that the oldest are never held out, and equal times
    stay together.

    Raises DataError when a fold would lack one of the classes, or there are too few units.
    """
    wanted = use_case.search.folds
    if (rarest := min(truth.sum(), (~truth).sum())) < wanted:
        raise DataError(
            f"{wanted} folds need {wanted} rows of each class in training; one class has {rarest}",
            remedy="Add rows of that class, or set search.folds lower.",
        )
    made = [
        (fit.astype(np.int64), held.astype(np.int64))
        for fit, held in _split_rows(truth, split_values, use_case)
    ]
    for number, (fit, held) in enumerate(made, start=1):
        if len(np.unique(truth[fit])) < 2 or len(np.unique(truth[held])) < 2:
            raise DataError(
                f"fold {number} of {wanted} would lack one of the two classes",
                remedy="Set search.folds lower, or add rows or groups of the rarer class.",
            )
    return made


def _split_rows(truth: np.ndarray, split_values: pd.Series, use_case: UseCase) -> Iterator[Fold]:
    if use_case.split.by == "time":
        yield from folds_over_time(split_values, use_case)
        return
    wanted, seed = use_case.search.folds, use_case.seed
    codes = unit_codes(split_values, use_case)
    found = codes.max() + 1
    _require_enough_units(truth, codes, use_case)
    if found == len(codes):  # every row on its own: the same promise, without a pass in Python
        plain = StratifiedKFold(wanted, shuffle=True, random_state=seed)
        yield from plain.split(truth, truth)
    elif found > MAX_STRATIFIED_GROUPS:
        yield from _folds_over_units(
            truth, codes, StratifiedKFold(wanted, shuffle=True, random_state=seed)
        )
    else:
        by_unit = StratifiedGroupKFold(wanted, shuffle=True, random_state=seed)
        yield from by_unit.split(truth, truth, codes)


# scikit-learn weighs units one by one, which takes seconds for tens of thousands; of so many,
# the sizes and classes even out without it.
MAX_STRATIFIED_GROUPS = 2_000


def unit_codes(split_values: pd.Series, use_case: UseCase) -> np.ndarray:
    """The number of each row's unit, from 0. Raises DataError for fewer units than folds."""
    wanted = use_case.search.folds
    codes: np.ndarray = pd.factorize(split_values, use_na_sentinel=False)[0]
    if (found := codes.max() + 1) < wanted:
        raise DataError(
            f"{wanted} folds need {wanted} groups in training, but {unit_name(use_case)!r} has"
            f" {found}",
            remedy="Set search.folds lower, or add groups.",
        )
    return codes


def unit_name(use_case: UseCase) -> str:
    """What makes rows one unit, for people."""
    return use_case.split.column or ", ".join(use_case.data.identity) or "the features"


def _require_enough_units(truth: np.ndarray, codes: np.ndarray, use_case: UseCase) -> None:
    """Raise DataError if the rows of a class belong to fewer units than there are folds."""
    wanted, target = use_case.search.folds, use_case.data.target
    for rows, having in ((truth, "with"), (~truth, "without")):
        if (units := len(np.unique(codes[rows]))) < wanted:
            raise DataError(
                f"{wanted} folds need rows of each class from {wanted} groups of"
                f" {unit_name(use_case)!r}, but the"
                f" {rows.sum():,} training rows {having} {target.outcome_text} come from {units}",
                remedy="Set search.folds lower, or add groups with such rows.",
            )


def _folds_over_units(
    truth: np.ndarray, codes: np.ndarray, splitter: StratifiedKFold
) -> Iterator[Fold]:
    """Folds over the units, stratified by their mostly positive or mostly negative rows. Where
    that leaves a fold less than half its share of the rarer class, by whether they hold one.
    """
    rows, positives = np.bincount(codes), np.bincount(codes, weights=truth)
    folds = split_units(positives * 2 > rows, codes, splitter)
    rare = truth if truth.mean() <= 0.5 else ~truth
    least = min(int(rare[held].sum()) for _, held in folds)
    if 2 * least * len(folds) < rare.sum():
        folds = split_units(np.bincount(codes, weights=rare) > 0, codes, splitter)
    yield from folds


def split_units(
    strata: np.ndarray, codes: np.ndarray, splitter: KFold | StratifiedKFold
) -> list[Fold]:
    """Folds over the units, from the stratum of each unit and the unit's number of each row."""
    with warnings.catch_warnings():  # scikit-learn warns of a stratum smaller than the folds
        warnings.simplefilter("ignore", UserWarning)
        divided = list(splitter.split(strata, strata))
    return [
        (np.flatnonzero(np.isin(codes, fit)), np.flatnonzero(np.isin(codes, held)))
        for fit, held in divided
    ]


def folds_over_time(split_values: pd.Series, use_case: UseCase) -> Iterator[Fold]:
    """Folds over the distinct times. Rows without one are the past's: their code is the least."""
    wanted = use_case.search.folds
    moments, code = np.unique(pd.factorize(split_values, sort=True)[0], return_inverse=True)
    if len(moments) <= wanted:
        raise DataError(
            f"{wanted} folds need {wanted + 1} distinct times in training, but "
            f"{use_case.split.column!r} has {len(moments)}",
            remedy="Set search.folds lower, or split by identity or group.",
        )
    for fit, held in TimeSeriesSplit(wanted).split(moments):
        yield np.flatnonzero(np.isin(code, fit)), np.flatnonzero(np.isin(code, held))


def fold_of_row(folds: Sequence[Fold], rows: int) -> np.ndarray:
    """Each row's fold as int64, -1 for rows that no fold holds out."""
    number = np.full(rows, -1, dtype=np.int64)
    for i, (_, held) in enumerate(folds):
        number[held] = i
    return number
