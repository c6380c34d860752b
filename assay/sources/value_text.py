"""How numbers and dates are written where a column is text.

Which rows share a block is an accident of reading, so a value has one text, whatever Python or
Arrow type its block gave it: 2 and 2.0 are "2", a moment at midnight is its day.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

MAX_EXACT_INTEGER: Final = 2**53  # up to here float64 tells neighbouring integers apart


def values_to_text(array: pa.Array) -> pa.Array:
    """The values of a flat array as strings; integers, decimals and text as Arrow writes them."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_floating(array.type):
        coded = array.cast(pa.float64()).dictionary_encode()
        written = [
            None if v is None or math.isnan(v) else number_to_text(v)
            for v in coded.dictionary.to_pylist()
        ]
        return pa.array(written, pa.string()).take(coded.indices)
    if pa.types.is_date(array.type) or pa.types.is_timestamp(array.type):
        return _dates_to_text(array)
    return array.cast(pa.string())


def number_to_text(number: float | Decimal) -> str:
    """Integral numbers as integers, exactly if they are decimals; others as Python writes floats.

    Floats beyond 2**53 keep their exponent: their digits are not all known.
    """
    if isinstance(number, Decimal):
        if is_integral(number):
            return format(number, "f").partition(".")[0] if number else "0"
        number = float(number)
    if abs(number) <= MAX_EXACT_INTEGER and number == int(number):
        return str(int(number))
    return repr(number)


def is_integral(number: Decimal) -> bool:
    """Whether a decimal has no fraction but zeros."""
    if not number.is_finite():
        return False
    _, digits, exponent = number.as_tuple()
    return int(exponent) >= 0 or not any(digits[int(exponent) :])


def _dates_to_text(array: pa.Array) -> pa.Array:
    text = array.cast(pa.timestamp("us")).cast(pa.string())
    text = pc.replace_substring_regex(text, r"\.000000$", "")
    text = pc.replace_substring_regex(text, r" 00:00:00$", "")
    return pc.replace_substring(text, " ", "T")
