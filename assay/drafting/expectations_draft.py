"""Rules for data that come later, drafted from what was seen, with slack."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from assay.config.data import Target

MOST_RULES: Final = 30
MOST_VALUES: Final = 20  # of a category that is listed
SLACK: Final = 0.1  # of the range seen, by which later numbers may lie outside
_MISSING_SLACK: Final = 0.05
_LARGEST: Final = 1e15  # a larger number is no bound that one would write


@dataclass(frozen=True)
class DraftRule:
    """One expectation, in Great Expectations' words, with the reason for its numbers."""

    type: str
    kwargs: dict[str, Any]
    reason: str
    severity: str = "warning"


def draft_rules(
    frame: pd.DataFrame,
    ranges: Mapping[str, tuple[float, float]],
    features: Sequence[str],
    target: Target,
) -> list[DraftRule]:
    """Rules for the outcomes and for features, `MOST_RULES` at most, by what a sample holds and by
    the `ranges` of all rows.
    """
    rules = _target_rules(frame, target)
    for name in features:
        if len(rules) >= MOST_RULES:
            break
        rules += _column_rules(name, frame[name], ranges.get(name))
    return rules[:MOST_RULES]


def _target_rules(frame: pd.DataFrame, target: Target) -> list[DraftRule]:
    if target.problem_type != "binary" or target.above is not None:
        return []
    values = [_plain(value) for value in frame[target.column].dropna().unique()]
    if len(values) > MOST_VALUES:
        return []
    return [
        DraftRule(
            "expect_column_values_to_be_in_set",
            {"column": target.column, "value_set": sorted(values, key=str)},
            "another value would count as no",
            severity="critical",
        )
    ]


def _column_rules(
    name: str, column: pd.Series, bounds: tuple[float, float] | None
) -> list[DraftRule]:
    rules: list[DraftRule] = []
    known = column.dropna()
    if not len(known):
        return rules
    if pd.api.types.is_bool_dtype(known) or pd.api.types.is_datetime64_any_dtype(known):
        pass
    elif bounds is not None and max(map(abs, bounds)) < _LARGEST:
        low, high = range_with_slack(*bounds)
        seen = f"{bounds[0]:g} to {bounds[1]:g} were seen"
        kwargs = {"column": name, "min_value": low, "max_value": high}
        rules.append(DraftRule("expect_column_values_to_be_between", kwargs, seen))
    elif bounds is None and known.nunique() <= MOST_VALUES:
        values = sorted(map(str, known.unique()))
        kwargs = {"column": name, "value_set": values, "mostly": 0.99}
        rules.append(
            DraftRule(
                "expect_column_values_to_be_in_set", kwargs, f"{len(values)} values were seen"
            )
        )
    missing = float(column.isna().mean())
    mostly = math.floor(100 * (1 - missing - _MISSING_SLACK)) / 100
    if missing and mostly > 0.5:
        seen = f"{missing:.1%} were missing"
        kwargs = {"column": name, "mostly": mostly}
        rules.append(DraftRule("expect_column_values_to_not_be_null", kwargs, seen))
    return rules


def range_with_slack(low: float, high: float) -> tuple[float, float]:
    """Round bounds beyond what was seen; what was never negative stays so, and a share a share."""
    if low >= 0 and high <= 1:
        return 0, 1
    room = SLACK * (high - low) or abs(high) or 1.0
    step = 10.0 ** math.floor(math.log10(room))
    lower, upper = step * math.floor((low - room) / step), step * math.ceil((high + room) / step)
    lower = max(lower, 0.0) if low >= 0 else lower
    return _plain(round(lower, 10)), _plain(round(upper, 10))


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return int(value) if isinstance(value, float) and value.is_integer() else value
