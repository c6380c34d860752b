"""Shares of test rows in parts of them: groups, sizes, outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assay.gates.report import Interval, Verdict
from assay.gates.statistics.cluster_errors import (
    MIN_CLUSTERS,
    Clusters,
    clustered_share_limits,
    spread_of,
    weighted_mean,
)
from assay.gates.statistics.intervals import Bools, Floats, Limits, make_interval, outside_margins
from assay.gates.statistics.multiple_testing import holm_step_down
from assay.gates.statistics.proportions import wilson_limits

MIN_ROWS = 30
"""Fewer rows of a part are not judged."""


@dataclass(frozen=True, slots=True)
class RowPart:
    """Some of the rows, and what they are called."""

    label: str
    inside: Bools


@dataclass(frozen=True, slots=True)
class WorstPart:
    """The part with the worst share, of those that surely break the limit where some do: `failed`
    says how many. `interval` is at the level of the comparison.
    """

    part: RowPart
    share: float
    interval: Interval
    failed: int


def part_share(values: Floats | Bools, part: RowPart, clusters: Clusters | None) -> float:
    """The mean of a part's values, by its rows' weights."""
    return weighted_mean(values[part.inside], clusters.of(part.inside) if clusters else None)


def share_limits(
    values: Floats, parts: Sequence[RowPart], level: float, clusters: Clusters | None
) -> Limits:
    """Wilson's limits of each part's share of `values`, 0 or 1 a row; cluster-robust where rows
    belong together.
    """
    rows = np.array([part.inside.sum() for part in parts], dtype=float)
    held = np.array([values[part.inside].sum() for part in parts])
    if clusters is None:
        return wilson_limits(held, rows, level)
    errors = [clusters.of(p.inside).mean_error(values[p.inside]) for p in parts]
    shares = held / rows
    if clusters.weights is not None:
        shares = np.array([part_share(values, part, clusters) for part in parts])
    return clustered_share_limits(shares, rows, spread_of(*errors), level)


def find_worst_part(
    values: Floats,
    parts: Sequence[RowPart],
    *,
    at_least: float = 0.0,
    at_most: float = 1.0,
    clusters: Clusters | None = None,
) -> WorstPart | None:
    """The part whose share is farthest on the bad side of one limit, by Holm over all parts that
    have enough rows; None where none has. One of the two limits is given.
    """
    judged = [part for part in parts if _has_enough(part, clusters)]
    if not judged:
        return None
    margins = np.full(len(judged), at_least), np.full(len(judged), at_most)
    failed, levels = holm_step_down(
        lambda level: outside_margins(share_limits(values, judged, level, clusters), margins),
        np.ones(len(judged), dtype=bool),
    )
    sign = 1 if at_least > 0 else -1
    tried = np.flatnonzero(failed) if failed.any() else np.arange(len(judged))
    worst = min(tried, key=lambda place: sign * part_share(values, judged[place], clusters))
    part, level = judged[worst], float(levels[worst])
    low, high = (float(side.item()) for side in share_limits(values, [part], level, clusters))
    share = part_share(values, part, clusters)
    return WorstPart(part, share, make_interval(low, high, level), int(failed.sum()))


def verdict_of_parts(found: WorstPart | None) -> Verdict:
    """`fail` where some part surely breaks the limit, `unknown` where none could be judged."""
    if found is None:
        return Verdict.UNKNOWN
    return Verdict.FAIL if found.failed else Verdict.PASS


def _has_enough(part: RowPart, clusters: Clusters | None) -> bool:
    if int(part.inside.sum()) < MIN_ROWS:
        return False
    return clusters is None or clusters.effective(part.inside) >= MIN_CLUSTERS
