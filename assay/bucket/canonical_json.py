"""Canonical JSON (RFC 8785): one value, one sequence of bytes, hence one digest."""

from __future__ import annotations

import json
import math
from typing import Any

import rfc8785


def dump(value: Any) -> bytes:
    """Encode a JSON value canonically.

    Raises ValueError for what JSON cannot hold: NaN, infinities, integers beyond 2**53 - 1,
    keys that are not strings.
    """
    data: bytes = rfc8785.dumps(value)
    return data


def load(data: bytes) -> Any:
    """Decode JSON bytes. Raises ValueError when they are not UTF-8 JSON, are nested more than 100
    deep, or hold what `dump` could not write.

    Whole numbers from 2**53 on come back as floats, which is what `dump` wrote them from.
    """
    try:
        value = json.loads(
            data, parse_int=_parse_whole, parse_float=_parse_float, parse_constant=_parse_float
        )
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    if data.count(b"[") + data.count(b"{") > _MAX_DEPTH:
        _check_depth(value)
    if b"\\u" in data:
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair raises
    return value


_MAX_DEPTH = 100
_TOO_DEEP = f"it is nested more than {_MAX_DEPTH} deep"


def _check_depth(value: Any) -> None:
    """Raise ValueError for a value nested too deep for the functions that walk through it."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(_MAX_DEPTH):
        inner = (v.values() if isinstance(v, dict) else v for v in level)
        level = [v for held in inner for v in held if isinstance(v, dict | list)]
        if not level:
            return
    raise ValueError(_TOO_DEEP)


def _parse_whole(digits: str) -> int | float:
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"a number has {len(digits):,} digits")
    number = int(digits)
    return number if abs(number) < 2**53 else _parse_float(digits)


_MAX_DIGITS = 400  # the largest float has 309


def _parse_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text:.20} is no finite number")
    return number
