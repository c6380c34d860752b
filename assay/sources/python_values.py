"""From Python values, as JSON and databases give them, to Arrow columns of the table's types."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pyarrow as pa

from assay.sources.value_text import MAX_EXACT_INTEGER, is_integral, number_to_text, values_to_text
from assay.tables.columns import ARROW_TYPES

_KINDS: Final[dict[type, str]] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    Decimal: "number",
    str: "text",
    datetime: "date",
    date: "date",
    time: "text",
    timedelta: "text",
    UUID: "text",
}
_INT64: Final = 2**63


def column_from_values(values: Sequence[Any]) -> tuple[pa.Array, frozenset[str]]:
    """An Arrow array of the one type that holds all values, and the kinds met among them.

    Integers and numbers together are numbers, unless integers lie beyond 2**53 and would be
    rounded; that, and any other mixture, is text. NaN is missing. Decimals without a fraction
    (NUMERIC(20, 0)) are integers. The kind "long" stands for integers beyond 2**53.
    Raises TypeError, with the name of the type, for what no table holds.
    """
    types = set(map(type, values)) - {type(None)}
    kinds = {_kind_of_type(kind) for kind in types if not issubclass(kind, Decimal)}
    if any(issubclass(kind, Decimal) for kind in types):
        kinds |= {_decimal_kind(v) for v in values if isinstance(v, Decimal) and not v.is_nan()}
    if "integer" in kinds or "long" in kinds:
        kinds |= _value_size_kinds(values)
    kind = common_kind(kinds)
    if kind is None:
        return pa.nulls(len(values)), frozenset()
    return _COLUMN_BUILDERS[kind](values), frozenset(kinds)


def common_kind(kinds: Iterable[str]) -> str | None:
    """The kind that holds values of all `kinds`; None when there are none."""
    met = set(kinds)
    if not met:
        return None
    if met == {"integer", "number"}:
        return "number"
    if "long" in met and met <= {"integer", "long"}:
        return "integer"
    return met.pop() if len(met) == 1 else "text"


def _kind_of_type(kind: type) -> str:
    if kind in _KINDS:
        return _KINDS[kind]
    for known, word in _KINDS.items():  # an enumeration of texts, a driver's own datetime
        if issubclass(kind, known):
            return word
    raise TypeError(kind.__name__)


def _decimal_kind(value: Decimal) -> str:
    if not is_integral(value):
        return "number"
    if abs(value) > MAX_EXACT_INTEGER:
        return "long"
    return "integer" if int(value.as_tuple().exponent) >= 0 else "number"


def _value_size_kinds(values: Sequence[Any]) -> set[str]:
    """ "long" if integers lie beyond what floats tell apart, "text" if any beyond 64 bits."""
    integral = [
        v for v in values if isinstance(v, int) or (isinstance(v, Decimal) and is_integral(v))
    ]
    return integer_size_kinds(min(integral, default=0), max(integral, default=0))


def integer_size_kinds(minimum: int | Decimal, maximum: int | Decimal) -> set[str]:
    """The kinds, beside "integer", of integers that span `minimum` to `maximum`."""
    kinds = {"long"} if minimum < -MAX_EXACT_INTEGER or maximum > MAX_EXACT_INTEGER else set()
    return kinds if minimum >= -_INT64 and maximum < _INT64 else kinds | {"text"}


def _value_to_text(value: Any) -> str | None:
    if value is None or (isinstance(value, float | Decimal) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal):
        return number_to_text(value)
    if isinstance(value, date):
        return str(values_to_text(pa.array([_utc_datetime(value)], ARROW_TYPES["date"]))[0])
    return value.isoformat() if isinstance(value, time) else str(value)


def _value_to_float(value: Any) -> float | None:
    number = None if value is None else float(value)
    return None if number is None or math.isnan(number) else number


def _utc_datetime(value: date | None) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - tables hold UTC
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


def _text_column(values: Sequence[Any]) -> pa.Array:
    return pa.array([_value_to_text(v) for v in values], pa.string()).dictionary_encode()


_COLUMN_BUILDERS: Final[dict[str, Any]] = {
    "integer": lambda values: pa.array(
        [None if v is None or math.isnan(v) else int(v) for v in values], ARROW_TYPES["integer"]
    ),
    "boolean": lambda values: pa.array(values, ARROW_TYPES["boolean"]),
    "number": lambda values: pa.array([_value_to_float(v) for v in values], ARROW_TYPES["number"]),
    "date": lambda values: pa.array([_utc_datetime(v) for v in values], ARROW_TYPES["date"]),
    "text": _text_column,
}
