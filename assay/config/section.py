"""Base class and value types that all parts of a use case share."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

Fraction = Annotated[float, Field(gt=0, lt=1)]
PositiveNumber = Annotated[float, Field(gt=0)]
NonEmptyText = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
ColumnName = Annotated[str, Field(min_length=1)]  # the exact name of a column

_SECONDS_PER_UNIT = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES_PER_UNIT = {
    "B": 1,
    "kB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}


def parse_duration(value: Any) -> Any:
    """A text such as 10m in seconds; anything else unchanged. Raises ValueError."""
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|[smhd])\s*", value)
        if not match:
            raise ValueError("write a duration as a number and ms, s, m, h or d, like 30s")
        return float(match[1]) * _SECONDS_PER_UNIT[match[2]]
    return value


def _parse_size(value: Any) -> Any:
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kMG]?B|[KMG]iB)\s*", value)
        if not match:
            raise ValueError("write a size as a number and B, kB, MB, GB, KiB, MiB or GiB")
        return round(float(match[1]) * _BYTES_PER_UNIT[match[2]])
    return value


def as_tuples(value: Any) -> Any:
    """A single value as a list of one, since both may be written; all lists as tuples."""
    if not isinstance(value, list | tuple):
        return (value,)
    return tuple(as_tuples(one) if isinstance(one, list) else one for one in value)


Duration = Annotated[
    float,
    BeforeValidator(parse_duration, json_schema_input_type=str | float),
    Field(gt=0, description="seconds, or a number with ms, s, m, h or d: 20ms, 30s, 7d"),
]
Size = Annotated[
    int,
    BeforeValidator(_parse_size, json_schema_input_type=str | int),
    Field(gt=0, description="bytes, or a number with kB, MB, GB, KiB, MiB or GiB: 50MB"),
]


class Section(BaseModel):
    """Base of all parts of a use case: strict, frozen, without unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )
