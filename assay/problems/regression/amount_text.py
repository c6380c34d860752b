"""Amounts in sentences, with their unit."""

from __future__ import annotations

from collections.abc import Callable

from assay.gates.report import Interval
from assay.gates.statistics.intervals import Estimate


def format_amount(value: float, *, sign: bool = False) -> str:
    """A number with four significant digits, or all those of a large one."""
    plus = "+" if sign else ""
    if abs(value) >= 1000:
        return f"{value:{plus},.0f}"
    return f"{value:{plus}#.4g}".removesuffix(".")


def with_unit(text: str, unit: str) -> str:
    """The text of a number with its unit."""
    return f"{text} {unit}" if unit else text


def interval_text(interval: Interval, *, sign: bool = False) -> str:
    """Where the truth may lie, in words."""
    low, high = (
        None if end is None else format_amount(end, sign=sign)
        for end in (interval.low, interval.high)
    )
    if low is None and high is None:
        return "without an interval"
    if low is None or high is None:
        return f"at least {low}" if high is None else f"at most {high}"
    return f"between {low} and {high}"


def estimate_text(estimate: Estimate, unit: str, *, sign: bool = False) -> str:
    """An estimate in its unit with its interval: "6.480 dollars an hour (between 6.3 and 6.6)"."""
    shown = with_unit(format_amount(estimate.value, sign=sign), unit)
    return f"{shown} ({interval_text(estimate.interval, sign=sign)})"


def gain_describer(unit: str) -> Callable[[Estimate, str], str]:
    """Says by how much a score is better than a rival's, in this unit."""

    def describe(gain: Estimate, rival: str) -> str:
        word = "worse" if gain.value < 0 else "better"
        size = with_unit(format_amount(abs(gain.value)), unit)
        return f"{size} {word} than {rival} ({interval_text(gain.interval, sign=True)})"

    return describe
