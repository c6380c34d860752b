"""Which rows are locked away for the test.

A row's membership is a function of the row (its identity, its group, its time), never of the
other rows: new data move no row from the test to the training side. The one exception is a
split by time without `after`, whose border moves as newer rows come in.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.config.use_case import UseCase
from assay.dataset.row_identity import unit_hashes
from assay.dataset.target import read_labels
from assay.errors import DataError
from assay.tables.table import Table

SALT: Final = 0x73706C6974  # not the seed: another seed must not let test rows into training


def mark_test_rows(table: Table, use_case: UseCase) -> np.ndarray:
    """Bool array, one entry a row of `table`: True for a test row.

    By identity or group: a stable hash of its values falls below `split.test`. By time: at or
    after `split.after`, or else the newest share, where equal times stay together; rows without
    a time go to training. Reads only the columns it needs, part by part.

    Raises DataError when a side would lack a class, or the column cannot be ordered.
    """
    test = divide_rows(table, use_case)
    _require_both_classes(test, read_labels(table, use_case.data.target), use_case, table)
    return test


def divide_rows(table: Table, use_case: UseCase) -> np.ndarray:
    """As `mark_test_rows`, whatever the outcomes on either side: a side may be empty."""
    divide = _mark_by_time if use_case.split.by == "time" else _mark_by_hash
    return divide(table, use_case)


def split_counts(table: Table, test: np.ndarray, use_case: UseCase) -> dict[str, Any]:
    """What the split did, as JSON: rows and positives of each side, rows without a split value."""
    positive = read_labels(table, use_case.data.target)
    return count_sides(
        table, test, use_case, lambda side: {"positives": int((side & positive).sum())}
    )


def count_sides(
    table: Table,
    test: np.ndarray,
    use_case: UseCase,
    count_outcomes: Callable[[np.ndarray], dict[str, Any]],
) -> dict[str, Any]:
    """The rows of each side and what `count_outcomes` says of them (it takes a bool a row), and the
    rows without a split value, as JSON.
    """
    column = use_case.split.column
    return {
        "by": use_case.split.by,
        "rows": len(test),
        "test": {"rows": int(test.sum()), **count_outcomes(test)},
        "training": {"rows": int((~test).sum()), **count_outcomes(~test)},
        "without_value": table.to_arrow([column])[column].null_count if column else 0,
    }


def describe_uneven_split(sides: dict[str, Any], use_case: UseCase) -> str | None:
    """What to know of a test side that got less than half its share of the rarer class by chance,
    from what `split_counts` gave; None where it got more.

    Stratifying would even it out, and new data would then move rows from one side to the other.
    """
    if sides["by"] == "time":
        return None  # the past and the future may differ; feasibility tells
    test, training = sides["test"], sides["training"]
    share = test["rows"] / sides["rows"]
    held = {
        "positives": (test["positives"], training["positives"]),
        "negatives": (test["rows"] - test["positives"], training["rows"] - training["positives"]),
    }
    rarest = min(held, key=lambda side: sum(held[side]))
    got, total = held[rarest][0], sum(held[rarest])
    return None if got >= share * total / 2 else uneven_text(got, total, rarest, share, use_case)


def uneven_text(got: int, total: int, what: str, share: float, use_case: UseCase) -> str:
    """What to know of a test side that got few of the rows with some outcome."""
    return (
        f"the test rows hold {got:,} of {total:,} {what}, about {share * total:.1f} were to be "
        "expected: each row's side follows from its "
        f"{use_case.split.column or 'identity'} alone, so that new rows move none. Scores on "
        "so few are unsure; more rows even it out"
    )


def _mark_by_hash(table: Table, use_case: UseCase) -> np.ndarray:
    limit = np.uint64(math.floor(use_case.split.test * 2**64))
    test: np.ndarray = unit_hashes(table, use_case, SALT) < limit
    return test


def _mark_by_time(table: Table, use_case: UseCase) -> np.ndarray:
    name = str(use_case.split.column)
    moments = table.to_arrow([name])[name].combine_chunks()
    kind = moments.type
    if not (pa.types.is_timestamp(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        raise DataError(
            f"the split's column {name!r} holds neither dates nor numbers",
            remedy=f"Declare the form of its dates, such as data.dates: {{{name}: iso}}.",
        )
    if moments.null_count == len(moments):
        raise DataError(f"the split's column {name!r} holds no value")
    border = _first_test_moment(moments, use_case)
    late = pc.fill_null(pc.greater_equal(moments, border), False)
    test: np.ndarray = late.to_numpy(zero_copy_only=False)
    return test


def _first_test_moment(moments: pa.Array, use_case: UseCase) -> pa.Scalar:
    """The first moment of the test rows."""
    after, name = use_case.split.after, use_case.split.column
    if after is not None:
        number = not pa.types.is_timestamp(moments.type)
        try:
            # Numbers compare as floats, so that 2019.5 may divide whole years.
            return pa.scalar(float(after)) if number else pa.scalar(after).cast(moments.type)
        except (ValueError, pa.ArrowInvalid, pa.ArrowNotImplementedError):
            form = "number" if number else "date, like 2024-07-01"
            raise DataError(
                f"split.after is {after!r}, but {name!r} is to be compared with a {form}",
                remedy=f"Write a {form}.",
            ) from None
    known = moments.drop_null()
    wanted = math.ceil(use_case.split.test * len(known))
    newest_first = known.take(pc.sort_indices(known, sort_keys=[("", "descending")]))
    border = newest_first[wanted - 1]
    if pc.min(known) == border:  # nothing would be older: the ties go to training instead
        later = known.filter(pc.greater(known, border))
        border = pc.min(later) if len(later) else border
    return border


def _require_both_classes(
    test: np.ndarray, positive: np.ndarray, use_case: UseCase, table: Table
) -> None:
    target = use_case.data.target
    for side, rows in (("test", test), ("training", ~test)):
        found, total = int(positive[rows].sum()), int(rows.sum())
        if total and 0 < found < total:
            continue
        lack = "rows" if not total else "positives" if not found else "negatives"
        raise DataError(
            f"the {side} side of the split has no {lack} ({total} of {len(test)} rows, {found} "
            f"with {target.outcome_text}){time_range_text(table, use_case)}",
            remedy="Add rows, or change split.test, split.after or split.by so that both sides "
            "have both outcomes.",
        )


def time_range_text(table: Table, use_case: UseCase) -> str:
    """What a split by time divides, and where, in words; nothing of another split."""
    if use_case.split.by != "time":
        return ""
    name = str(use_case.split.column)
    moments = table.to_arrow([name])[name].combine_chunks()
    ends, border = pc.min_max(moments), _first_test_moment(moments, use_case)
    return f": {name} goes from {ends['min']} to {ends['max']}, the test begins at {border}"
