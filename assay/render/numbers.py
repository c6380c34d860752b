"""Numbers for people: three significant digits, and one precision for numbers to compare."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple, TypeGuard

from assay.gates.report import Cell, Check, Interval
from assay.util.wording import format_confidence

NO_VALUE = "–"  # noqa: RUF001 - a gap, wider than a minus sign on purpose
# A value that shared rounding would change by a larger part is written on its own: among rates
# two digits will do (0.0123 beside 0.873 reads 0.012), among means of several scales three.
_DISTORTION_OF_RATES, _DISTORTION = 0.05, 0.005
_MOST_PLACES = 6
_LARGEST_EXACT = 2**53  # integers up to here are exact as floats


class EstimateText(NamedTuple):
    """A check's estimate and its limit as text, in one precision."""

    estimate: str  # "0.873 [0.866, 0.880]"; empty when the check measured nothing
    limit: str  # "0.850"; empty when there is none


def format_number(value: float | None) -> str:
    """One number: 0.8731 -> "0.873", 48842 -> "48,842", None a dash."""
    return format_numbers([value])[0]


def format_numbers(values: Sequence[float | None], *, distinct: bool = False) -> list[str]:
    """Numbers of one kind with the same decimals, so that they align and compare.

    Whole numbers get thousands separators. Others get three significant digits of the largest
    (three decimals for rates). `distinct` adds decimals until different numbers look different:
    0.1002 against a limit of 0.1 must not read "0.100 against 0.100".
    """
    known = [v for v in values if v is not None]
    if all(_is_whole(v) for v in known):
        return [NO_VALUE if v is None else f"{int(v):,}" for v in values]
    places = _decimal_places(max(abs(v) for v in known))
    if distinct:
        places = _distinct_places(known, places)
    return [NO_VALUE if v is None else _round_text(v, places) for v in values]


def format_interval(bounds: Interval) -> str:
    """An interval such as "[0.866, 0.880]"; an unbounded side is an open infinity."""
    low, high = format_numbers([bounds.low, bounds.high], distinct=True)
    return _interval_brackets(bounds, low, high)


def estimate_parts(check: Check) -> tuple[str, str, str]:
    """The estimate, its interval and the limit in one precision; "" for each that is missing."""
    return value_parts(check.estimate, check.interval, check.threshold)


def value_parts(
    value: float | None, bounds: Interval | None, limit: float | None = None
) -> tuple[str, str, str]:
    """A value, its interval and its limit in one precision; "" for each that is missing."""
    low, high = (bounds.low, bounds.high) if bounds else (None, None)
    shown, below, above, against = format_numbers([value, low, high, limit], distinct=True)
    return (
        "" if value is None else shown,
        _interval_brackets(bounds, below, above) if bounds else "",
        "" if limit is None else against,
    )


def estimate_text(check: Check) -> EstimateText:
    """The estimate with its interval, and the limit, in one precision."""
    estimate, bounds, limit = estimate_parts(check)
    return EstimateText(" ".join(part for part in (estimate, bounds) if part), limit)


def format_column(cells: Sequence[Cell]) -> list[str]:
    """The cells of a sheet's column as text. Numbers align; true and false are yes and no."""
    written = iter(format_numbers([cell for cell in cells if _is_number(cell)]))
    return [next(written) if _is_number(cell) else _cell_text(cell) for cell in cells]


def is_numeric(cells: Iterable[Cell]) -> bool:
    """Whether a column holds only numbers and gaps, and so is aligned right."""
    known = [cell for cell in cells if cell is not None]
    return bool(known) and all(_is_number(cell) for cell in known)


def _is_number(cell: Cell) -> TypeGuard[float]:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _cell_text(cell: Cell) -> str:
    if cell is None:
        return NO_VALUE
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    return str(cell)


def _is_whole(value: float) -> bool:
    # Canonical JSON writes 5.0 as 5, so a whole float and an integer must read the same.
    return abs(value) <= _LARGEST_EXACT and value == int(value)


def _decimal_places(largest: float) -> int:
    """Decimals that show three significant digits of `largest`, at least three for rates."""
    if largest == 0:
        return 3
    digits = 2 - math.floor(math.log10(largest))
    return min(max(digits, 3 if largest <= 1 else 0), _MOST_PLACES)


def _distinct_places(values: Sequence[float], places: int) -> int:
    different = len(set(values))
    for more in range(places, _MOST_PLACES):
        if len({_round_text(v, more) for v in values}) == different:
            return more
    return _MOST_PLACES


def _round_text(value: float, places: int) -> str:
    if abs(value) > _LARGEST_EXACT:
        return f"{Decimal(value):.2e}"  # an integer may be larger than any float
    shown = round(value, places)
    allowed = _DISTORTION_OF_RATES if places >= 3 else _DISTORTION
    if abs(shown - value) > allowed * abs(value):
        return f"{value:.3g}"
    return f"{shown + 0.0:,.{places}f}"  # adding zero turns -0.0 into 0.0


def _interval_brackets(bounds: Interval, low: str, high: str) -> str:
    level = "" if bounds.level == 0.95 else f" at {format_confidence(bounds.level)}"
    if bounds.low is None and bounds.high is None:
        return "no interval"
    if bounds.high is None:
        return f"at least {low}{level}"
    if bounds.low is None:
        return f"at most {high}{level}"
    return f"[{low}, {high}]{level}"
