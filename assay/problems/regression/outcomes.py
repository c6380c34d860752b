"""Amounts: the target as numbers, and how rows are divided."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.config.data import Target
from assay.config.use_case import UseCase
from assay.errors import DataError
from assay.learning.split import count_sides, divide_rows, time_range_text
from assay.problems.outcome_column import is_number, plain_column, target_line, yaml_text
from assay.problems.problem_type import RowSplit
from assay.tables.columns import MAX_NUMBER
from assay.tables.table import Table

_SHOWN = 10
"""Different values up to which a column of text is shown as classes."""
_ROUNDING = 1e-10
"""Differences, as a share of the amounts, that doubles no longer carry through sums of squares."""
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:([,. '_])\d{3})+(?:[.,]\d+)?")


def read_outcomes(column: pa.ChunkedArray, target: Target) -> np.ndarray:
    """The amounts, float64 in the target's unit, one a row.

    Raises DataError for missing values, for what are no finite numbers, for one or two different
    values, for amounts that hardly differ, and under `log` for amounts of 0 or less.
    """
    column = plain_column(column, target)
    if not is_number(column.type):
        raise _no_numbers_error(column, target)
    amounts: np.ndarray = column.cast(pa.float64(), safe=False).to_numpy()
    _require_finite(amounts, target)
    _require_variety(amounts, column, target)
    require_spread(amounts, target)
    if target.log and (low := int((amounts <= 0).sum())):
        raise DataError(
            f"{low:,} of {len(amounts):,} rows have {target.column!r} at 0 or below (the least is"
            f" {amounts.min():g}), and `log: true` needs amounts above 0",
            remedy=f"Leave out `log`, or leave out such rows with data.where: {target.column} > 0.",
        )
    return amounts


def read_table_outcomes(table: Table, target: Target) -> np.ndarray:
    """The same of a table's column."""
    return read_outcomes(table.to_arrow([target.column])[target.column], target)


def split_rows(table: Table, use_case: UseCase) -> RowSplit:
    """Divide the rows by the same rule as for every question (see `learning.split`).

    Raises DataError where a side has no rows, or the training rows all have one amount.
    """
    test = divide_rows(table, use_case)
    amounts = read_table_outcomes(table, use_case.data.target)
    _require_sides(test, amounts, table, use_case)

    def describe(side: np.ndarray) -> dict[str, Any]:
        return {"mean": float(amounts[side].mean())}

    sides = count_sides(table, test, use_case, describe)
    unit = use_case.data.target.unit
    lines = [
        f"{sides[side]['rows']:,} {side} rows, {sides[side]['mean']:.4g} {unit} in the mean"
        for side in ("training", "test")
    ]
    return RowSplit(test, sides, lines=tuple(lines))


def require_spread(amounts: np.ndarray, target: Target) -> None:
    """Raise DataError for amounts whose differences vanish when they are squared or rounded."""
    spread = float(np.ptp(amounts))
    if spread < 1 / MAX_NUMBER:
        raise DataError(
            f"the amounts in {target.column!r} lie within {spread:g} {target.unit}, too near to"
            " each other to compute with",
            remedy="Count them in a smaller unit, and name it as data.target.unit.",
        )
    if spread < _ROUNDING * np.abs(amounts).max():
        raise DataError(
            f"the amounts in {target.column!r} differ by {spread:g} at most, and are about"
            f" {amounts[0]:g}: such differences are lost in rounding",
            remedy="Predict how far they lie from a fixed amount.",
        )


def _require_sides(test: np.ndarray, amounts: np.ndarray, table: Table, use_case: UseCase) -> None:
    for side, rows in (("test", test), ("training", ~test)):
        if not rows.any():
            raise DataError(
                f"the {side} side of the split has no rows (0 of {len(test)})"
                f"{time_range_text(table, use_case)}",
                remedy="Add rows, or change split.test, split.after or split.by.",
            )
    if np.ptp(amounts[~test]) == 0:
        raise DataError(
            f"all {int((~test).sum()):,} training rows have the same amount in"
            f" {use_case.data.target.column!r}",
            remedy="Add rows with other amounts, or change split.test, split.after or split.by.",
        )


def _no_numbers_error(column: pa.ChunkedArray, target: Target) -> DataError:
    different = column.unique().to_pylist()
    shown = ", ".join(repr(value) for value in different[:3]) + (", ..." if different[3:] else "")
    what = f"{target.column!r} holds no numbers ({shown}), and `unit` asks how much"
    if len(different) <= 2:
        line = target_line(target, "positive", yaml_text(different[-1]))
        return DataError(what, remedy=f"Two values make a yes or no: write {line}.")
    if mark := _thousands_mark(different):
        return DataError(
            what,
            remedy=f"Say what parts the thousands: write thousands: {json.dumps(mark)} under"
            " data.source.",
        )
    if len(different) <= _SHOWN and not pa.types.is_temporal(column.type):
        classes = ", ".join(yaml_text(value) for value in sorted(different, key=str))
        line = target_line(target, "classes", f"[{classes}]")
        return DataError(what, remedy=f"A few values make a choice of several: write {line}.")
    line = target_line(target, "classes", "[...]")
    return DataError(
        what,
        remedy=f"Read it as numbers (data.types: {{{target.column}: number}}, source.decimal,"
        f" source.thousands, source.units), or ask which of several: {line}.",
    )


def _thousands_mark(values: Sequence[Any]) -> str | None:
    """What parts the thousands, where all values are numbers so written: "," in 1,234.5."""
    found = [_THOUSANDS.fullmatch(str(value).strip()) for value in values]
    marks = {match[1] for match in found if match}
    plain = (_is_plain(value) for value, match in zip(values, found, strict=True) if not match)
    return marks.pop() if len(marks) == 1 and all(plain) else None


def _is_plain(value: Any) -> bool:
    return re.fullmatch(r"[+-]?\d{1,3}(?:[.,]\d+)?", str(value).strip()) is not None


def _require_finite(amounts: np.ndarray, target: Target) -> None:
    odd = int((~np.isfinite(amounts)).sum())
    huge = int((np.abs(amounts[np.isfinite(amounts)]) > MAX_NUMBER).sum())
    if odd or huge:
        what = "no finite number" if odd else f"a number beyond {MAX_NUMBER:g}"
        raise DataError(
            f"{odd or huge:,} of {len(amounts):,} rows have {what} in {target.column!r}",
            remedy="Mend the source, or leave out such rows with data.where.",
        )


def _require_variety(amounts: np.ndarray, column: pa.ChunkedArray, target: Target) -> None:
    different = pc.unique(column).to_pylist()[:3]
    if len(different) == 1:
        raise DataError(
            f"every row has {amounts[0]:g} in {target.column!r}: there is nothing to learn",
            remedy="Add rows with other amounts, or name another column.",
        )
    if len(different) == 2:
        high = max(different)
        raise DataError(
            f"{target.column!r} holds two values, {min(different)} and {high}: that is a yes or no",
            remedy=f"Write {target_line(target, 'positive', str(high))}.",
        )
