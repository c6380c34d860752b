"""What the fairness gate will be able to tell, before there is a model.

A group is planned for as if the model treated it like the reference: then the gate ought to pass
it. Whether it will, and what rows it would take, follows from the gate's own intervals
(`rows_to_decide`), so that the rows asked for before training and after it are one calculation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from assay.config.gates import RateMetric
from assay.gates.confusion_cells import CONFUSION_KINDS, RATE_DEFINITIONS
from assay.gates.fairness.gaps import (
    ALPHA,
    GroupPair,
    RowsToDecide,
    gap_limits,
    likely_limits,
    rows_to_decide,
)


@dataclass(frozen=True, slots=True)
class PlannedPair:
    """A group beside its reference under one limit, in rows of the metric's denominator.

    `rate` is the share that both are planned with. One of `tolerance` and `ratio` is set.
    """

    metric: RateMetric
    rows: float
    reference_rows: float
    rate: float
    tolerance: float | None
    ratio: float | None

    def as_pair(self) -> GroupPair:
        """The pair as the gate would have it, were the metric the same for both."""
        return GroupPair(
            metric=self.metric,
            by=(),
            group="group",
            reference="reference",
            group_sums=_planned_sums(self.metric, self.rows, self.rate),
            reference_sums=_planned_sums(self.metric, self.reference_rows, self.rate),
            value=self.rate,
            reference_value=self.rate,
            tolerance=self.tolerance,
            ratio=self.ratio,
        )


def smallest_passing_gap(planned: PlannedPair) -> float | None:
    """The smallest difference that the gate is likely to rule out; None where it judges nothing.

    Four of five models without any gap pass a tolerance as large as this. Of a ratio, as a
    difference at the planned rate.
    """
    pair = planned.as_pair()
    if not pair.judgeable:
        return None
    sums = {
        kind: np.array([pair.group_sums[kind], pair.reference_sums[kind]])
        for kind in CONFUSION_KINDS
    }
    values, level = np.array([planned.rate, planned.rate]), 1 - 2 * ALPHA
    is_ratio = planned.ratio is not None
    low, high = (
        end[0] for end in gap_limits(planned.metric, sums, values, 1, ratio=is_ratio, level=level)
    )
    low, high = (float(end) for end in likely_limits(pair.gap, (low, high), level))
    if not is_ratio:
        return max(-low, high)
    lacking = max(1 - low, 1 - 1 / high if math.isfinite(high) else 1.0)
    return min(lacking, 1.0) * planned.rate


def rows_to_pass(planned: PlannedPair, level: float) -> RowsToDecide:
    """What more it takes until the gate is likely to decide; `level` as of `rows_to_decide`."""
    return rows_to_decide(planned.as_pair(), level)


def _planned_sums(metric: RateMetric, rows: float, rate: float) -> dict[str, float]:
    definition = RATE_DEFINITIONS[metric]
    success = definition.successes[0]
    failure = next(kind for kind in definition.out_of if kind not in definition.successes)
    planned = dict.fromkeys(CONFUSION_KINDS, 0.0)
    return planned | {success: rate * rows, failure: (1 - rate) * rows}
