"""Numbers for people, with no more digits than are known."""

from __future__ import annotations

import math

MOST_REPORTABLE = 1e9  # more rows than that are no plan


def format_rounded_up(rows: float, digits: int = 2) -> str:
    """`rows` rounded up to `digits` significant digits: "940", "41,000"."""
    if rows <= 0:
        return "0"
    unit = 10 ** max(math.floor(math.log10(rows)) + 1 - digits, 0)
    return f"{math.ceil(rows / unit - 1e-9) * unit:,}"


def is_reportable_count(rows: float) -> bool:
    """Whether a number of rows is small enough to be a plan."""
    return math.isfinite(rows) and rows <= MOST_REPORTABLE


def format_confidence(level: float) -> str:
    """A level of confidence, never rounded to certainty: "95 %", "98.3 %", "99.996 %"."""
    shown = f"{100 * level:.3g}"
    return (
        f"{shown} %" if float(shown) < 100 else f"{100 - float(f'{100 * (1 - level):.1g}'):.10g} %"
    )


def format_count(number: int, thing: str) -> str:
    """ "1 batch", "3 batches"."""
    if number == 1:
        return f"1 {thing}"
    return f"{number:,} {thing}{'es' if thing.endswith('ch') else 's'}"


def more_suffix(total: int) -> str:
    """The words after the first of `total` things: " (and 3 more)", or nothing."""
    return f" (and {total - 1} more)" if total > 1 else ""


def row_number(place: int) -> int:
    """The number by which people know the row at a place of a table: the first is row 1.

    Wherever a row is named to people, in a message or in a list; stored `row` columns that join
    tables, such as that of predictions, count from 0 as arrays do.
    """
    return place + 1
