"""Differences between two values in words: JSON, or the contents of a pickle."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

_ABSENT = object()
_MAX_LINES = 12  # differences told one by one
_NAME_KEYS = ("name", "title", "label", "candidate")  # by which items of a list are known


class _Length(int):
    """The length of a list, as against a number that the value holds."""


def value_differences(before: Any, after: Any) -> list[str]:
    """One line for each place where two values differ: its path, the old value, the new one.

    Places of one name that changed alike share a line. The first lines are shown, the others
    counted. Empty if the values are equal.
    """
    found = list(_leaves(before, after, "", set()))
    alike: dict[tuple[str, str], list[str]] = {}
    for path, old, new in found:
        alike.setdefault((path.rpartition(".")[2], _change(old, new)), []).append(path)
    lines = [
        f"{paths[0] or 'the value'}: {change}{_more_places(len(paths) - 1)}"
        for (_, change), paths in alike.items()
    ]
    if len(lines) > _MAX_LINES:
        lines = [*lines[:_MAX_LINES], f"and {len(lines) - _MAX_LINES:,} more differences"]
    return lines + _rounding_note(found)


def _more_places(places: int) -> str:
    return f", and so in {places:,} more places" if places else ""


def relative_gap(before: float, after: float) -> float:
    """How far apart two numbers are, as a share of the larger one."""
    if before == after or (math.isnan(before) and math.isnan(after)):
        return 0.0
    largest = max(abs(before), abs(after))
    return abs(before - after) / largest if math.isfinite(largest) else math.inf


def _rounding_note(differences: list[tuple[str, Any, Any]]) -> list[str]:
    """A note where all differences are as small as another processor's or library's rounding."""
    if not differences or not all(
        _is_number(old) and _is_number(new) for _, old, new in differences
    ):
        return []
    largest = max(relative_gap(old, new) for _, old, new in differences)
    return [f"only numbers differ, by at most {largest:.1g} of their size"]


def _leaves(
    before: Any, after: Any, path: str, visited_pairs: set[tuple[int, int]]
) -> Iterator[tuple[str, Any, Any]]:
    """(path, old, new) wherever two values differ, as deep as both have the same shape."""
    if (id(before), id(after)) in visited_pairs:
        return  # objects may refer to each other in circles
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        visited_pairs.add((id(before), id(after)))
        for key in [*before, *(key for key in after if key not in before)]:
            inner = f"{path}.{key}" if path else str(key)
            yield from _leaves(
                before.get(key, _ABSENT), after.get(key, _ABSENT), inner, visited_pairs
            )
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple):
        visited_pairs.add((id(before), id(after)))
        yield from _list_leaves(before, after, path, visited_pairs)
    elif not _equal(before, after):
        yield path, before, after


def _list_leaves(
    before: Any, after: Any, path: str, visited_pairs: set[Any]
) -> Iterator[tuple[str, Any, Any]]:
    """Of two lists: items by their names where they have some, else by their places."""
    old, new = _items_by_name(before), _items_by_name(after)
    if old is None or new is None:
        if len(before) != len(after):
            yield f"{path or 'the value'}, items", _Length(len(before)), _Length(len(after))
        pairs = enumerate(zip(before, after, strict=False))
        old, new = {}, {}
        for place, (was, is_) in pairs:
            old[str(place)], new[str(place)] = was, is_
    for key in [*old, *(key for key in new if key not in old)]:
        inner = f"{path}[{key}]"
        yield from _leaves(old.get(key, _ABSENT), new.get(key, _ABSENT), inner, visited_pairs)


def _items_by_name(items: Any) -> dict[str, Any] | None:
    """The items of a list by their names, if each is an object with one of its own."""
    for key in _NAME_KEYS:
        if items and all(isinstance(item, Mapping) and key in item for item in items):
            found = {str(item[key]): item for item in items}
            if len(found) == len(items):
                return found
    return None


def _equal(before: Any, after: Any) -> bool:
    if isinstance(before, np.ndarray) and isinstance(after, np.ndarray):
        # To the byte: -0.0 is not 0.0 in a digest, and NaN is NaN.
        kind = before.dtype == after.dtype and before.shape == after.shape
        return kind and before.tobytes() == after.tobytes()
    if isinstance(before, float) and isinstance(after, float):
        return before.hex() == after.hex()
    return type(before) is type(after) and bool(before == after)


def _is_number(value: Any) -> bool:
    return type(value) in {int, float}


def _change(before: Any, after: Any) -> str:
    if isinstance(before, np.ndarray) and isinstance(after, np.ndarray):
        return _array_change(before, after)
    return f"{_short_repr(before)} -> {_short_repr(after)}"


def _array_change(before: np.ndarray, after: np.ndarray) -> str:
    """How two arrays differ; those of records (as in trees) field by field."""
    if before.shape != after.shape or before.dtype != after.dtype:
        return f"{_short_repr(before)} -> {_short_repr(after)}"
    if before.dtype.names:
        fields = [n for n in before.dtype.names if not _equal(before[n], after[n])]
        told = "; ".join(f"{name}: {_array_change(before[name], after[name])}" for name in fields)
        return told or "equal, but for the unused bytes between fields"
    unlike = before != after
    if before.dtype.kind in "fc":
        unlike &= ~(np.isnan(before) & np.isnan(after))
    count = f"{int(unlike.sum()):,} of {before.size:,} values differ"
    if before.dtype.kind not in "fiu" or not unlike.any():
        return count if unlike.any() else "equal values in other bytes, such as 0.0 and -0.0"
    with np.errstate(invalid="ignore", over="ignore"):
        far = np.abs(before[unlike].astype(float) - after[unlike].astype(float))
    return f"{count}, by at most {np.nanmax(far) if not np.isnan(far).all() else math.nan:.3g}"


def _short_repr(value: Any) -> str:
    if value is _ABSENT:
        return "nothing"
    if isinstance(value, np.ndarray):
        return f"{value.dtype} array of shape {value.shape}"
    text = repr(value)
    return text if len(text) <= 70 else f"{text[:67]}..."
