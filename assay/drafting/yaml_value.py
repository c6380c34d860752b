"""Values as YAML on one line, which mean themselves whatever a file's author called them."""

from __future__ import annotations

import json
import math
import re
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:[ ./-][A-Za-z0-9_]+)*")
_YAML_WORDS = {"yes", "no", "on", "off", "true", "false", "null", "none", "y", "n", "nan", "inf"}
_LONGEST_KEY = 1_000  # characters; YAML takes 1,024 for a key that is not marked as one


def write_value(value: Any) -> str:
    """A value with all that it holds, in brackets: words without quotes where they mean
    themselves.
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(k)}: {write_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(write_value(one) for one in value) + "]"
    return write_scalar(value)


def write_scalar(value: Any) -> str:
    """A text, a number, true, false or null."""
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _YAML_WORDS
        return value if plain else _quote(value)
    if isinstance(value, float) and math.isnan(value):
        return ".nan"
    if value in (float("inf"), float("-inf")):
        return ".inf" if value > 0 else "-.inf"
    return json.dumps(value)


def _key(name: Any) -> str:
    written = write_scalar(name)
    return f"? {written} " if len(written) > _LONGEST_KEY else written


def _quote(text: str) -> str:
    """In quotes. YAML takes fewer characters as they are than JSON does, and some end a line."""
    return "".join(
        one if one.isprintable() else _escape(ord(one))
        for one in json.dumps(text, ensure_ascii=False)
    )


def _escape(code: int) -> str:
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
