"""Values far outside what training held, such as an age of 10^15.

A model answers them all the same, by extrapolation. Far outside is farther from the training
values than these are from each other: below low - (high - low), or above high + (high - low).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

_MOST_ROWS: Final = 3  # rows of a column that are told one by one


@dataclass
class OutsideValues:
    """The values of one batch that lie far outside: by column, how many, and the first of them."""

    inputs: Sequence[Mapping[str, Any]]
    counts: dict[str, int] = field(default_factory=dict)
    first: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def add(self, frame: pd.DataFrame, start: int) -> dict[int, str]:
        """Look at rows from number `start` on. Returns a reason for each row that has such a
        value, by place in the frame.
        """
        reasons: dict[int, str] = {}
        for entry in self.inputs:
            if "range" not in entry:  # text, or a model trained before ranges were kept
                continue
            name, values = entry["name"], frame[entry["name"]]
            places = _far_outside(values, entry["range"])
            if not len(places):
                continue
            self.counts[name] = self.counts.get(name, 0) + len(places)
            for place in places.tolist():
                reason = f"{name} is {_shown(values.iloc[place])}"
                told = self.first.setdefault(name, [])
                if len(told) < _MOST_ROWS:
                    told.append((start + place, reason))
                reasons.setdefault(place, f"{reason}; training held {_range_text(entry)}")
        return reasons

    def row_numbers(self) -> list[int]:
        """The rows that `findings` names, ascending."""
        return sorted({row for told in self.first.values() for row, _ in told})

    def findings(self, lines: Mapping[int, int]) -> Iterator[str]:
        """A sentence for each column. `lines`: the source's line of each row that is named."""
        by_name = {entry["name"]: entry for entry in self.inputs}
        for name, count in self.counts.items():
            told = ", ".join(f"{reason} in line {lines[row]}" for row, reason in self.first[name])
            more = f" (and {count - _MOST_ROWS:,} more)" if count > _MOST_ROWS else ""
            yield f"{told}{more}; training held {_range_text(by_name[name])}."


def _far_outside(values: pd.Series, value_range: Sequence[Any]) -> np.ndarray:
    """The places of values that lie far outside the range; missing ones do not."""
    if isinstance(value_range[0], str):
        numbers = _microseconds(values)
        low, high = _microseconds(pd.Series(pd.to_datetime(list(value_range))))
    else:
        numbers = pd.to_numeric(values, errors="coerce").to_numpy(np.float64, na_value=np.nan)
        low, high = value_range
    width = (high - low) or max(abs(high), 1.0)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.flatnonzero((numbers < low - width) | (numbers > high + width))


def _microseconds(values: pd.Series) -> np.ndarray:
    """Moments as float64 microseconds since 1970, NaN where missing."""
    moments = pd.to_datetime(values)
    if moments.dt.tz is not None:
        moments = moments.dt.tz_convert("UTC").dt.tz_localize(None)
    numbers = moments.to_numpy("datetime64[us]")
    return np.where(np.isnat(numbers), np.nan, numbers.astype(np.int64).astype(np.float64))


def _range_text(entry: Mapping[str, Any]) -> str:
    low, high = entry["range"]
    return f"{_shown(low)} to {_shown(high)}"


def _shown(value: Any) -> str:
    """A value as people read it: a number in at most six digits, a moment without midnight."""
    if isinstance(value, str | pd.Timestamp) or hasattr(value, "isoformat"):
        return str(value).removesuffix(" 00:00:00").removesuffix("T00:00:00")
    return f"{int(value):,}" if float(value).is_integer() and abs(value) < 1e7 else f"{value:.6g}"
