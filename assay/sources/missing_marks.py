"""The marks of missing values, such as ?, NA and -999, made null wherever values have types."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from assay.sources.value_text import is_integral, number_to_text


def null_marked_values(values: Sequence[Any], marks: Sequence[str]) -> Sequence[Any]:
    """Python values with the marks made None: text by its letters, numbers by their value.

    This comes before kinds are judged, so that a mark is no reason to call a column mixed.
    """
    numbers = [n for mark in marks if (n := _mark_number(mark)) is not None]
    # Equal numbers hash alike, but -0.1 as a decimal is not the float.
    known: set[Hashable] = {*marks, *numbers, *map(float, numbers)}
    kinds = str | int | float | Decimal
    try:
        if known.isdisjoint(values):
            return values
    except TypeError:  # a list or an object, which is refused later, in better words
        return values
    return [
        None if isinstance(v, kinds) and not isinstance(v, bool) and v in known else v
        for v in values
    ]


def null_marked_array(array: pa.Array, marks: Sequence[str]) -> pa.Array:
    """An Arrow array with the marks made null: coded text by its letters, numbers by value."""
    numbers = [n for mark in marks if (n := _mark_number(mark)) is not None]
    if pa.types.is_dictionary(array.type):
        return null_marked_text(
            array, pa.array([*marks, *map(number_to_text, numbers)], pa.string())
        )
    known = _representable_numbers(numbers, array.type)
    if not len(known):
        return array
    return pc.if_else(pc.is_in(array, value_set=known), pa.scalar(None, array.type), array)


def null_marked_text(
    array: pa.DictionaryArray, marks: pa.Array, *, strip: bool = False
) -> pa.DictionaryArray:
    """Coded text with the marks of missing values made null, in rows and dictionary."""
    words = array.dictionary
    compared = pc.utf8_trim_whitespace(words) if strip else words
    missing = pc.is_in(compared, value_set=marks)
    if not pc.any(missing).as_py():
        return array
    nothing = pa.scalar(None, array.indices.type)
    indices = pc.if_else(missing.take(array.indices), nothing, array.indices)
    words = pc.if_else(missing, pa.scalar(None, words.type), words)
    return pa.DictionaryArray.from_arrays(indices, words)


def _mark_number(mark: str) -> Decimal | None:
    try:
        number = Decimal(mark.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < 300 else None  # as floats


def _representable_numbers(numbers: Sequence[Decimal], kind: pa.DataType) -> pa.Array:
    """Those of the numbers that an array of this type can hold."""
    if pa.types.is_floating(kind):
        return pa.array(map(float, numbers), pa.float64()).cast(kind)
    held = []
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        for number in numbers:
            if pa.types.is_integer(kind) and not is_integral(number):
                continue  # Arrow would cut the fraction off
            value = int(number) if pa.types.is_integer(kind) else number
            try:
                held.append(pa.scalar(value, kind).as_py())
            except (pa.ArrowException, OverflowError, TypeError):
                continue
    return pa.array(held, kind)
