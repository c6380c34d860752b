"""From Python values, as JSON and databases give them, to Arrow columns of the table's types."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pyarrow as pa

from assay.tables.columns import ARROW

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


def as_column(values: Sequence[Any]) -> tuple[pa.Array, frozenset[str]]:
    """An Arrow array of the one type that holds all values, and the kinds met among them.

    Integers and numbers together are numbers; any other mixture is text. NaN is missing.
    Raises TypeError, with the name of the type, for what no table holds.
    """
    kinds = {_kind(kind) for kind in set(map(type, values)) - {type(None)}}
    if kinds <= {"integer"} and any(v is not None and not _fits(v) for v in values):
        kinds = {"integer", "text"}
    kind = joined(kinds)
    if kind is None:
        return pa.nulls(len(values)), frozenset()
    return _ARRAYS[kind](values), frozenset(kinds)


def joined(kinds: Iterable[str]) -> str | None:
    """The kind that holds values of all `kinds`; None when there are none."""
    met = set(kinds)
    if not met:
        return None
    if met == {"integer", "number"}:
        return "number"
    return met.pop() if len(met) == 1 else "text"


def _kind(kind: type) -> str:
    if kind in _KINDS:
        return _KINDS[kind]
    for known, word in _KINDS.items():  # an enumeration of texts, a driver's own datetime
        if issubclass(kind, known):
            return word
    raise TypeError(kind.__name__)


def _fits(value: int) -> bool:
    return -_INT64 <= value < _INT64


def _words(value: Any) -> str | None:
    if value is None or (isinstance(value, float | Decimal) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _number(value: Any) -> float | None:
    number = None if value is None else float(value)
    return None if number is None or math.isnan(number) else number


def _moment(value: date | None) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - tables hold UTC
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


def _text(values: Sequence[Any]) -> pa.Array:
    return pa.array([_words(v) for v in values], pa.string()).dictionary_encode()


_ARRAYS: Final[dict[str, Any]] = {
    "integer": lambda values: pa.array(values, ARROW["integer"]),
    "boolean": lambda values: pa.array(values, ARROW["boolean"]),
    "number": lambda values: pa.array([_number(v) for v in values], ARROW["number"]),
    "date": lambda values: pa.array([_moment(v) for v in values], ARROW["date"]),
    "text": _text,
}
