"""Values made the kind that their column was declared or found to be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from assay.sources.number_format import PLAIN, NumberFormat
from assay.sources.value_text import values_to_text as words_of
from assay.tables.columns import ARROW_TYPES, cast_dates, column_kind

_INTEGER: Final = r"^[+-]?[0-9]+(\.0*)?$"
_NUMBER: Final = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_PLAIN: Final = r"^-?(0$|0?\.|0[eE]|[1-9])"
_EPOCH_UNITS: Final = {"s": 10**6, "ms": 10**3, "us": 1, "ns": 1}  # microseconds in each
_FIRST_YEAR, _LAST_YEAR = -62_135_596_800, 253_402_300_800  # 0001 and 10000, in seconds
_FAR_YEAR: Final = re.compile(r"\s*(-[0-9]+|\+?[0-9]{5,})-[0-9]{1,2}-[0-9]")
_SUBMICROSECOND: Final = r"(\.[0-9]{6})[0-9]+"


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """What a column is to become."""

    kind: str
    categories: tuple[str, ...] = ()
    date_format: str = "iso"
    number_format: NumberFormat = PLAIN
    plain: bool = False
    """Whether text must be a number as inference demands it: 00200 is not taken for 200."""

    def __str__(self) -> str:
        if self.kind == "date" and self.date_format in _EPOCH_UNITS:
            return f"a date in {self.date_format} since 1970"
        if self.kind == "date":
            iso = self.date_format == "iso"
            return "an ISO date" if iso else f"a date of the form {self.date_format}"
        named = {
            "integer": "a 64-bit integer",
            "boolean": "true or false",
            "category": "one of its categories",
        }
        plain = self.plain and self.kind in {"integer", "number"}
        said = named.get(self.kind, f"a {self.kind}")
        return said + (" written without leading zeros or +" if plain else "")

    def describe_misfit(self, value: Any) -> str:
        """What is wrong with a value that is none of these."""
        far = self.kind == "date" and self._is_far(str(value))
        return f"is not {self}" + (": it lies outside of the years 1 to 9999" if far else "")

    def _is_far(self, text: str) -> bool:
        if self.date_format in _EPOCH_UNITS:
            return re.fullmatch(_NUMBER, text.strip()) is not None
        return self.date_format == "iso" and _FAR_YEAR.match(text) is not None


def convert_values(array: pa.Array, spec: ColumnSpec) -> pa.Array:
    """The values as the kind wanted; null where they do not fit, or were missing.

    Text and categories come out dictionary-coded.
    """
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), ARROW_TYPES[spec.kind])
    if not pa.types.is_dictionary(array.type):
        if (direct := _cast_directly(array, spec.kind)) is not None:
            return direct
        array = words_of(array).dictionary_encode()
    if spec.kind == "text":
        return array
    words = array.dictionary
    if spec.plain and spec.kind in {"integer", "number"}:
        bare = spec.number_format.normalize(pc.utf8_trim_whitespace(words))
        plain = pc.match_substring_regex(bare, _PLAIN)
        words = _null_unless(plain, words)
    words = _CONVERTERS[spec.kind](words, spec)
    if spec.kind == "category":
        indices = _null_unless(words.is_valid().take(array.indices), array.indices)
        return pa.DictionaryArray.from_arrays(indices, words)
    return words.take(array.indices)


def _cast_directly(array: pa.Array, kind: str) -> pa.Array | None:
    """Conversions that need not go by way of text."""
    if array.type == ARROW_TYPES[kind] and kind != "date":
        return array
    if kind == "number" and pa.types.is_int64(array.type):
        return array.cast(ARROW_TYPES["number"], safe=False)
    if kind == "date" and column_kind(array.type) == "date":
        return cast_dates(array)
    if kind == "integer" and pa.types.is_float64(array.type):
        return _floats_to_integers(array)
    return None


def _floats_to_integers(array: pa.Array) -> pa.Array:
    fits = pc.and_(
        pc.equal(pc.trunc(array), array),
        pc.and_(pc.greater_equal(array, -(2.0**63)), pc.less(array, 2.0**63)),
    )
    return _null_unless(fits, array).cast(ARROW_TYPES["integer"])


def _parse_integers(words: pa.Array, spec: ColumnSpec) -> pa.Array:
    words = spec.number_format.normalize(pc.utf8_trim_whitespace(words))
    words = _null_unless(pc.match_substring_regex(words, _INTEGER), words)
    words = pc.replace_substring_regex(words, r"^\+|\.0*$", "")
    try:
        return words.cast(ARROW_TYPES["integer"])
    except pa.ArrowInvalid:  # some lie beyond 64 bits
        values = [None if w is None else int(w) for w in words.to_pylist()]
        held = [v if v is not None and -(2**63) <= v < 2**63 else None for v in values]
        return pa.array(held, ARROW_TYPES["integer"])


def _parse_numbers(words: pa.Array, spec: ColumnSpec) -> pa.Array:
    words = spec.number_format.normalize(pc.utf8_trim_whitespace(words))
    values = _null_unless(pc.match_substring_regex(words, _NUMBER), words).cast(
        ARROW_TYPES["number"]
    )
    return _null_unless(pc.is_finite(values), values)


def _parse_booleans(words: pa.Array, _: ColumnSpec) -> pa.Array:
    lower = pc.utf8_lower(pc.utf8_trim_whitespace(words))
    known = pa.array(["false", "0", "true", "1"])
    return pc.greater_equal(pc.index_in(lower, value_set=known), 2)


def _parse_date_texts(words: pa.Array, spec: ColumnSpec) -> pa.Array:
    import pandas as pd

    if spec.date_format in _EPOCH_UNITS:
        return _parse_epochs(words, spec)
    words = pc.utf8_trim_whitespace(words)
    # These pandas takes for the moment at which it reads them, under any format.
    words = _null_unless(pc.invert(pc.is_in(words, value_set=pa.array(["now", "today"]))), words)
    if spec.date_format == "iso" or "%f" in spec.date_format:
        # Nanoseconds would narrow the years that pandas can tell to 1678-2261.
        words = pc.replace_substring_regex(words, _SUBMICROSECOND, r"\1")
    form = "ISO8601" if spec.date_format == "iso" else spec.date_format
    texts = pd.Series(words.to_pylist(), dtype=object)
    moments = pd.to_datetime(texts, format=form, errors="coerce", utc=True)
    plain = moments.dt.tz_localize(None).dt.as_unit("us")
    return cast_dates(pa.Array.from_pandas(plain, type=ARROW_TYPES["date"]))


def _parse_epochs(words: pa.Array, spec: ColumnSpec) -> pa.Array:
    """Moments from numbers that count from 1970, in whole microseconds; years 1 to 9999."""
    unit = spec.date_format
    numbers = _parse_numbers(words, spec)
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    seconds = pc.divide(numbers, float(per_second))
    within = pc.and_(
        pc.greater_equal(seconds, float(_FIRST_YEAR)), pc.less(seconds, float(_LAST_YEAR))
    )
    micros = pc.multiply(numbers, float(_EPOCH_UNITS[unit]))
    if unit == "ns":
        micros = pc.divide(micros, 1000.0)
    rounded = _null_unless(within, pc.round(micros)).cast(pa.int64())
    # Integers are exact where floats are not.
    whole = _null_unless(within, _parse_integers(words, spec))
    factor = _EPOCH_UNITS[unit]
    exact = pc.divide(whole, 1000) if unit == "ns" else pc.multiply(whole, factor)
    return pc.coalesce(exact, rounded).cast(ARROW_TYPES["date"])


def _match_categories(words: pa.Array, spec: ColumnSpec) -> pa.Array:
    known = pa.array(spec.categories, pa.string())
    trimmed = pc.utf8_trim_whitespace(words)
    exact = _null_unless(pc.is_in(words, value_set=known), words)
    return pc.coalesce(exact, _null_unless(pc.is_in(trimmed, value_set=known), trimmed))


def _null_unless(fits: pa.Array, values: pa.Array) -> pa.Array:
    return pc.if_else(fits, values, pa.scalar(None, values.type))


_CONVERTERS: Final[dict[str, Any]] = {
    "integer": _parse_integers,
    "number": _parse_numbers,
    "boolean": _parse_booleans,
    "date": _parse_date_texts,
    "category": _match_categories,
}
