"""Cross-validation folds for several classes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from assay.config.use_case import UseCase
from assay.errors import DataError
from assay.learning.folds import (
    MAX_STRATIFIED_GROUPS,
    Fold,
    folds_over_time,
    split_units,
    unit_codes,
    unit_name,
)


def make_class_folds(codes: np.ndarray, split_values: pd.Series, use_case: UseCase) -> list[Fold]:
    """`search.folds` folds over the training rows, stratified by class, by what `split_values`
    gives (see `learning.folds.make_folds`). `codes` are class codes.

    Raises DataError where a fold would lack a class on either side, or there are too few units.
    """
    wanted, labels = use_case.search.folds, use_case.data.target.class_labels
    rows = np.bincount(codes, minlength=len(labels))
    if rows.min() < wanted:
        rarest = labels[int(rows.argmin())]
        raise DataError(
            f"{wanted} folds need {wanted} rows of each class in training; {rarest!r} has"
            f" {rows.min()}",
            remedy="Add rows of that class, set search.folds lower, or leave the class out.",
        )
    made = [
        (fit.astype(np.int64), held.astype(np.int64))
        for fit, held in _divide(codes, split_values, use_case)
    ]
    for number, fold in enumerate(made, start=1):
        for side in fold:
            held = np.bincount(codes[side], minlength=len(labels))
            if not held.all():
                absent = labels[int(held.argmin())]
                raise DataError(
                    f"fold {number} of {wanted} would lack the class {absent!r}",
                    remedy="Set search.folds lower, add rows or groups of that class, or leave it"
                    " out.",
                )
    return made


def _divide(codes: np.ndarray, split_values: pd.Series, use_case: UseCase) -> Iterator[Fold]:
    if use_case.split.by == "time":
        yield from folds_over_time(split_values, use_case)
        return
    wanted, seed = use_case.search.folds, use_case.seed
    units = unit_codes(split_values, use_case)
    _require_enough_units(codes, units, use_case)
    plain = StratifiedKFold(wanted, shuffle=True, random_state=seed)
    if (found := units.max() + 1) == len(units):
        yield from plain.split(codes, codes)
    elif found > MAX_STRATIFIED_GROUPS:
        yield from split_units(_rarest_class(codes, units), units, plain)
    else:
        by_unit = StratifiedGroupKFold(wanted, shuffle=True, random_state=seed)
        yield from by_unit.split(codes, codes, units)


def _rarest_class(codes: np.ndarray, units: np.ndarray) -> np.ndarray:
    """For each unit, the rarest class among its rows: stratified by it, rare classes are dealt out
    evenly.
    """
    order = np.argsort(np.argsort(np.bincount(codes), kind="stable"), kind="stable")
    rarest = np.full(units.max() + 1, len(order))
    np.minimum.at(rarest, units, order[codes])
    return rarest


def _require_enough_units(codes: np.ndarray, units: np.ndarray, use_case: UseCase) -> None:
    """Raise DataError if the rows of a class belong to fewer units than there are folds."""
    wanted = use_case.search.folds
    for code, label in enumerate(use_case.data.target.class_labels):
        if (found := len(np.unique(units[codes == code]))) < wanted:
            raise DataError(
                f"{wanted} folds need rows of each class from {wanted} groups of"
                f" {unit_name(use_case)!r}, but the training rows of {label!r} come from {found}",
                remedy="Set search.folds lower, add groups with such rows, or leave the class out.",
            )
