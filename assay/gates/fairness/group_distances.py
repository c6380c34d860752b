"""How far groups are apart by each fairness rule, read off the fairness gate's checks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.gates.fairness.checks import is_difference
from assay.gates.fairness.gaps import MIN_ROWS
from assay.gates.report import Check, Interval


@dataclass(frozen=True)
class GroupDistance:
    """How far one rule's farthest group is from its reference, and how far it may be.

    Of a difference its size; of a ratio what it lacks of one, either way.
    """

    group: str
    value: float
    interval: Interval
    limit: float


def farthest_groups(checks: Sequence[Check]) -> dict[str, GroupDistance]:
    """By rule, its farthest group among those with rows enough to judge."""
    found: dict[str, GroupDistance] = {}
    for check in checks:
        distance = _distance(check)
        if distance is None:
            continue
        columns = distance.group.partition("=")[0]
        rule = f"{check.name.partition('[')[0]} by {columns}"
        rule += "" if is_difference(check) else ", as a ratio"
        if rule not in found or distance.value > found[rule].value:
            found[rule] = distance
    return found


def allowed_range(check: Check) -> tuple[float, float]:
    """The range that a check's estimate may lie in. A ratio's threshold is the nearer end."""
    assert check.threshold is not None, "a check with an estimate has one"
    other = -check.threshold if is_difference(check) else 1 / check.threshold
    return min(check.threshold, other), max(check.threshold, other)


def _distance(check: Check) -> GroupDistance | None:
    if check.group is None or check.estimate is None or check.threshold is None:
        return None
    if check.rows is not None and check.rows < MIN_ROWS:
        return None
    size, alike = (abs, 0.0) if is_difference(check) else (_distance_from_one, 1.0)
    held = check.interval or Interval(low=None, high=None)
    low, high = (None if end is None else size(end) for end in (held.low, held.high))
    # Both sides of an interval that holds "alike" are distances; the nearest point has none.
    crosses = (held.low is None or held.low <= alike) and (held.high is None or held.high >= alike)
    ends = [end for end in (low, high) if end is not None]
    interval = Interval(
        low=0.0 if crosses else min(ends, default=None),
        high=max(ends) if len(ends) == 2 else None,
        level=held.level,
    )
    return GroupDistance(check.group, size(check.estimate), interval, size(check.threshold))


def _distance_from_one(ratio: float) -> float:
    return 1 - min(ratio, 1 / ratio) if ratio > 0 else 1.0
