"""What type of question a column of outcomes asks, and how its target is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from assay.config.data import Target
from assay.drafting.yaml_value import write_value
from assay.errors import ConfigError

MOST_CLASSES: Final = 12
MOST_LEVELS: Final = 10  # of whole numbers, up to which they are taken for classes
MIN_CLASS_ROWS: Final = 30  # of a class, below which it cannot be learnt and judged
RARE_SHARE: Final = 0.05  # of the rarer outcome, below which costs decide


@dataclass(frozen=True)
class TargetChoice:
    """The `target` to write with the `reason`, and `others`: lines for other types, with theirs."""

    target: Target
    reason: str
    others: tuple[tuple[str, str], ...] = ()
    rare_share: float | None = None  # of yes, where it is rare

    @property
    def problem_type(self) -> str:
        return self.target.problem_type


def choose_target(
    name: str, column: pd.Series, *, positive: Any = None, unlabelled: int = 0
) -> TargetChoice:
    """The target that outcomes of a sample ask for. `positive` names the value that means yes.

    Raises ConfigError for outcomes that ask no question.
    """
    keep: dict[str, Any] = {"unlabelled": "leave_out"} if unlabelled else {}
    counts = column.dropna().value_counts()
    counts = counts[counts > 0]
    if len(counts) < 2:
        raise ConfigError(
            f"{name} has only one value, {_plain(counts.index[0])!r}"
            if len(counts)
            else f"{name} is empty",
            where="--target",
            remedy="Name a column whose values differ.",
        )
    if positive is not None:
        return _yes_or_no(name, counts, _as_value(counts, positive), keep)
    if len(counts) == 2:
        return _yes_or_no(name, counts, _rarer(counts), keep)
    if pd.api.types.is_numeric_dtype(column):
        return _numbers(name, column.dropna(), counts, keep)
    if odd := next((value for value in counts.index if "|" in str(value)), None):
        raise ConfigError(
            f"{odd!r} cannot be a class: sets of classes are written as a|b",
            where="--target",
            remedy="Rename it in the data, or name the value that means yes with --positive.",
        )
    if len(counts) > MOST_CLASSES:
        raise ConfigError(
            f"{name} is text with {len(counts):,} different values; a question has at most"
            f" {MOST_CLASSES} classes here",
            where="--target",
            remedy="Name the value that means yes with --positive, or group the values first.",
        )
    return _classes(name, counts, keep)


def _as_value(counts: pd.Series, positive: Any) -> Any:
    """The value of the column that a text names."""
    named = [value for value in counts.index if str(value) == str(positive)]
    if not named:
        shown = ", ".join(map(repr, list(map(_plain, counts.index))[:MOST_CLASSES]))
        raise ConfigError(
            f"no row has the outcome {positive!r}",
            where="--positive",
            remedy=f"There are: {shown}.",
        )
    return named[0]


def _rarer(counts: pd.Series) -> Any:
    """What is asked about is mostly the rarer; of 0 and 1, and of no and yes, the latter."""
    texts = {str(value).lower(): value for value in counts.index}
    for no, yes in (("0", "1"), ("0.0", "1.0"), ("false", "true"), ("no", "yes"), ("n", "y")):
        if set(texts) == {no, yes}:
            return texts[yes]
    return counts.index[-1]


def _yes_or_no(name: str, counts: pd.Series, yes: Any, keep: dict[str, Any]) -> TargetChoice:
    share = float(counts[yes] / counts.sum())
    others = [value for value in counts.index if value != yes]
    listed = ", ".join(repr(_plain(value)) for value in others[:3])
    return TargetChoice(
        Target(column=name, positive=_plain(yes), **keep),
        f"{share:.1%} of the rows are {_plain(yes)!r}; {listed} means no",
        rare_share=share if share <= RARE_SHARE else None,
    )


def _numbers(name: str, column: pd.Series, counts: pd.Series, keep: dict[str, Any]) -> TargetChoice:
    middle = float(column.median())
    above = (
        write_value({"column": name, "above": _rounded(middle)}),
        "a yes or no: is it above the median?",
    )
    whole = bool((column == column.round()).all())
    levels = [int(value) for value in sorted(counts.index)] if whole else []
    if levels and len(levels) <= MOST_LEVELS and levels == list(range(levels[0], levels[-1] + 1)):
        return _levels(name, counts, levels, keep, above)
    return TargetChoice(
        Target(column=name, unit=_UNIT, **keep),
        f"numbers from {column.min():g} to {column.max():g}, median {middle:g}",
        (above,),
    )


_UNIT: Final = "units"


def _levels(
    name: str,
    counts: pd.Series,
    levels: list[int],
    keep: dict[str, Any],
    above: tuple[str, str],
) -> TargetChoice:
    """Whole numbers without a gap, such as grades or codes; the reason names rare ones that are
    left out.
    """
    kept = [level for level in levels if counts[level] >= MIN_CLASS_ROWS]
    few = [level for level in levels if level not in kept]
    reason = f"{len(levels)} whole numbers from {levels[0]} to {levels[-1]}, taken for classes"
    amount = (write_value({"column": name, "unit": "SAY WHAT IT COUNTS"}), "an amount: how much?")
    if len(kept) < 3:
        return TargetChoice(Target(column=name, unit=_UNIT, **keep), reason, (above,))
    if few:
        keep = {"unlabelled": "leave_out"}
        reason += (
            f"; left out, with fewer than {MIN_CLASS_ROWS} rows each: {', '.join(map(str, few))}"
        )
    return TargetChoice(
        Target(column=name, classes=tuple(kept), ordered=True, **keep), reason, (amount, above)
    )


def _classes(name: str, counts: pd.Series, keep: dict[str, Any]) -> TargetChoice:
    kept = sorted(map(_plain, counts[counts >= MIN_CLASS_ROWS].index), key=str)
    few = [_plain(value) for value in counts[counts < MIN_CLASS_ROWS].index]
    if len(kept) < 3:
        kept, few = sorted(map(_plain, counts.index), key=str), []
    reason = f"{len(kept)} classes: " + ", ".join(f"{v} {counts[v]:,}" for v in kept)
    if few:
        keep = {"unlabelled": "leave_out"}
        reason += f"; left out, with fewer than {MIN_CLASS_ROWS} rows: {', '.join(map(str, few))}"
    rarest = kept[0] if not few else min(kept, key=lambda value: counts[value])
    asked = write_value({"column": name, "positive": rarest})
    return TargetChoice(
        Target(column=name, classes=tuple(kept), **keep),
        reason,
        ((asked, "a yes or no about one of them"),),
    )


def _rounded(number: float) -> Any:
    return _plain(float(f"{number:g}"))


def _plain(value: Any) -> Any:
    """A value of a frame as one of Python, whole numbers without a point."""
    value = value.item() if hasattr(value, "item") else value
    return int(value) if isinstance(value, float) and value.is_integer() else value
