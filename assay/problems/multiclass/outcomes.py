"""Classes: the target as class codes, and how rows are divided."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from assay.config.data import Target
from assay.config.use_case import UseCase
from assay.errors import DataError, suggest_name
from assay.learning.split import count_sides, divide_rows, time_range_text, uneven_text
from assay.problems.outcome_column import is_number, plain_column, target_line, yaml_text
from assay.problems.problem_type import RowSplit
from assay.tables.class_codes import class_codes
from assay.tables.table import Table

_SHOWN = 10
_MANY = 20
"""Different values that no class lists, from which a column of numbers looks like amounts."""


def read_outcomes(column: pa.ChunkedArray, target: Target) -> np.ndarray:
    """The place of each row's class in `target.classes`, from 0, int64.

    Values are compared as for yes or no: 1 in a column of numbers is the class 1, "1" and 1.0.
    Raises DataError for missing values, for values that are no class, and for classes without rows.
    """
    column = plain_column(column, target)
    codes = class_codes(column, target)
    if (codes < 0).any():
        raise _unlisted_error(column.filter(pa.array(codes < 0)), len(column), target)
    rows = np.bincount(codes, minlength=len(target.class_labels))
    if absent := [name for name, n in zip(target.class_labels, rows, strict=True) if not n]:
        raise DataError(
            f"no row has the class {', '.join(map(repr, absent))} in {target.column!r}",
            remedy="Take it out of data.target.classes, or add such rows.",
        )
    return codes


def read_table_outcomes(table: Table, target: Target) -> np.ndarray:
    """The same of a table's column."""
    return read_outcomes(table.to_arrow([target.column])[target.column], target)


def split_rows(table: Table, use_case: UseCase) -> RowSplit:
    """Divide the rows by the same rule as for every question (see `learning.split`).

    Raises DataError where a side lacks a class.
    """
    labels = use_case.data.target.class_labels
    test = divide_rows(table, use_case)
    codes = read_table_outcomes(table, use_case.data.target)

    def describe(side: np.ndarray) -> dict[str, Any]:
        rows = np.bincount(codes[side], minlength=len(labels))
        return {"classes": dict(zip(labels, rows.tolist(), strict=True))}

    sides = count_sides(table, test, use_case, describe)
    for side in ("test", "training"):
        _require_classes(side, sides[side], table, use_case)
    lines = [
        f"{sides[side]['rows']:,} {side} rows: "
        + ", ".join(f"{rows:,} {name}" for name, rows in sides[side]["classes"].items())
        for side in ("training", "test")
    ]
    uneven = _describe_uneven_split(sides, use_case)
    return RowSplit(test, sides, lines=tuple(lines), warnings=(uneven,) if uneven else ())


def _require_classes(side: str, counts: dict[str, Any], table: Table, use_case: UseCase) -> None:
    if absent := [name for name, rows in counts["classes"].items() if not rows]:
        raise DataError(
            f"the {side} side of the split has no row of {', '.join(map(repr, absent))}"
            f" ({counts['rows']:,} rows){time_range_text(table, use_case)}",
            remedy="Add rows, leave the class out, or change split.test, split.after or split.by so"
            " that both sides have every class.",
        )


def _describe_uneven_split(sides: dict[str, Any], use_case: UseCase) -> str | None:
    """What to know of a test side that got less than half its share of a class by chance: of the
    class that it lacks most.
    """
    if sides["by"] == "time":
        return None  # the past and the future may differ; feasibility tells
    share = sides["test"]["rows"] / sides["rows"]
    held = {
        name: (got, got + sides["training"]["classes"][name])
        for name, got in sides["test"]["classes"].items()
    }
    worst = min(held, key=lambda name: held[name][0] / held[name][1])
    got, total = held[worst]
    if got >= share * total / 2:
        return None
    return uneven_text(got, total, f"rows of {worst!r}", share, use_case)


def _unlisted_error(odd: pa.ChunkedArray, total: int, target: Target) -> DataError:
    counts = sorted(
        ((one["values"], one["counts"]) for one in odd.value_counts().to_pylist()),
        key=lambda pair: (-pair[1], str(pair[0])),
    )
    if is_number(odd.type) and len(counts) > _MANY:
        return DataError(
            f"{target.column!r} holds {len(counts):,} different numbers that are no class: that is"
            " an amount",
            remedy=f"Write {target_line(target, 'unit', '...')}, and what it is counted in.",
        )
    shown = ", ".join(f"{value!r} ({rows:,} rows)" for value, rows in counts[:_SHOWN])
    more = f" and {len(counts) - _SHOWN:,} other values" if counts[_SHOWN:] else ""
    near = suggest_name(str(counts[0][0]), target.class_labels) if len(counts) == 1 else None
    classes = ", ".join(yaml_text(value) for value, _ in counts[:3])
    return DataError(
        f"{len(odd):,} of {total:,} rows have a {target.column!r} that is no class: {shown}{more}",
        remedy=f"{near + ' ' if near else ''}If they are outcomes, list them under"
        f" data.target.classes: [..., {classes}]; if not, add `unlabelled: leave_out` under"
        " data.target to leave such rows out.",
    )
