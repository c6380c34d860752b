"""Canonical JSON (RFC 8785): one value, one sequence of bytes, hence one digest."""

from __future__ import annotations

import json
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
    """Decode JSON bytes. Raises ValueError when they are not UTF-8 JSON.

    Whole numbers from 2**53 on come back as floats, which is what `dump` wrote them from.
    """
    return json.loads(data, parse_int=_whole)


def _whole(digits: str) -> int | float:
    number = int(digits)
    return number if abs(number) < 2**53 else float(digits)
