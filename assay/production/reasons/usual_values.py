"""The usual value of a column, and how a row's value compares with it, in words for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa

from assay.learning.signature import pipeline_kind
from assay.util.printable_text import printable_text

_LONGEST: Final = 60  # characters of a value
_MISSING: Final = "missing"


@dataclass(frozen=True)
class UsualValue:
    """A column of the reference rows. `middle`: its most frequent value, of numbers and dates the
    middle one; `low` and `high`: half of these lie between. `known`: the values of a text column
    that training held, None for other columns.
    """

    name: str
    kind: str
    middle: Any
    low: Any = None
    high: Any = None
    known: frozenset[str] | None = None

    @classmethod
    def find(cls, entry: Mapping[str, Any], column: pd.Series) -> UsualValue:
        """`entry`: the column in the model's signature; `column`: as the pipeline takes it."""
        name, kind = str(entry["name"]), pipeline_kind(entry["type"])
        held = column.dropna()
        if entry["type"] == "boolean" or kind == "text" or held.empty:
            counts = Counter(held.tolist())
            middle = min(counts, key=lambda value: (-counts[value], str(value)), default=None)
            if entry["type"] == "boolean":
                return cls(name, "boolean", None if middle is None else bool(middle))
            known = frozenset(map(str, entry.get("categories") or ())) or None
            return cls(name, kind, middle, known=known)
        low, middle, high = (
            held.quantile(share, interpolation="lower") for share in (0.25, 0.5, 0.75)
        )
        return cls(name, kind, middle, low, high)

    def describe(self, value: Any) -> str:
        """A row's value, as the batch held it: "hours_per_week is 20, lower than usual (40)"."""
        shown = f"{printable_text(self.name)} is {value_text(value)}"
        if self.middle is None:
            return shown
        return f"{shown}{self._compare(value)}"

    def _compare(self, value: Any) -> str:
        usual = value_text(self.middle)
        if value_text(value) == usual:
            return ", as usual"
        if value is None or self.low is None:
            strange = self.known is not None and value is not None and str(value) not in self.known
            return f"{', which training never held' if strange else ''} (usual: {usual})"
        below, above = ("earlier", "later") if self.kind == "date" else ("lower", "higher")
        held = _comparable(value, self.kind)
        way = below if held < self.low else above if held > self.high else None
        return f", {way} than usual ({usual})" if way else f", about as usual ({usual})"


def value_text(value: Any) -> str:
    """A value as people read it: whole numbers without a point, dates without midnight."""
    if value is None:
        return _MISSING
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, int | float | np.integer | np.floating):
        number = float(value)
        return str(int(value)) if number.is_integer() and abs(number) < 1e15 else f"{number:.6g}"
    if isinstance(value, date):
        return str(value).removesuffix(" 00:00:00")
    text = printable_text(str(value))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def raw_values(column: pa.Array, which: Sequence[int] | np.ndarray) -> list[Any]:
    """The values of some rows as the batch holds them; None where missing."""
    held: list[Any] = column.take(pa.array(which, pa.int64())).to_pylist()
    return [None if isinstance(value, float) and np.isnan(value) else value for value in held]


def _comparable(value: Any, kind: str) -> Any:
    if kind != "date":
        return float(value)
    moment = pd.Timestamp(value)
    return moment if moment.tz is None else moment.tz_convert("UTC").tz_localize(None)
