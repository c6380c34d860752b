"""Performance of a subset of current rows, estimated without labels, and seen where labels came.

Two estimates are held against each other, as in `performance_drop`. Their words are the same for
every problem type; what computes them is an estimator that the type brings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Protocol

import pyarrow as pa

from assay.config.gates import LOWER_IS_BETTER, DriftSettings, EstimableMetric
from assay.gates.report import Verdict
from assay.gates.statistics.change_evidence import LookEstimate
from assay.gates.statistics.intervals import Bools, Estimate, Floats, verdict_at_most

_MOST_UNLIKE: Final = 0.05  # of rows outside what the reference held
_POWER_FACTOR: Final = 7.849  # (z of 0.975 plus z of 0.8) squared: level 0.05, power 0.8


@dataclass(frozen=True)
class SubsetSupport:
    """Whether the reference can speak for the rows.

    `unlike_share`: share of rows outside what the reference held in some column, beyond what is
    usual. `capped_share`: share of rows that a classifier finds hardly any like of there. `auc`:
    how well that classifier tells both sides apart. `is_supported`: its weights can be relied on.
    """

    unlike_share: float
    capped_share: float
    auc: float
    is_supported: bool

    @property
    def is_enough(self) -> bool:
        return self.is_supported and self.unlike_share <= _MOST_UNLIKE

    @property
    def lacking_share(self) -> float:
        """The share of rows for which the reference cannot speak."""
        return max(self.unlike_share, self.capped_share)


@dataclass(frozen=True)
class MetricEstimate:
    """One metric of the subset.

    `reference`: of the reference's labelled rows. `expected`: what labels would show, the interval
    telling where the value of these very rows would lie. `drop`: how much worse that is than the
    reference, in the margin's unit: a share of the reference's value for errors, else the
    difference. `weighted` and `weighted_drop`: the second estimate, by reference rows weighted to
    these rows' features; None where these did not move. `realised`: of the labelled rows, and
    `shortfall` how much worse that is than was expected of the same rows, in the margin's unit.
    `lacks`: the shortfall's parts, the reference's and the current rows' own, as looks carry them.
    `labels_needed`: so many labels would show a change of one margin.
    """

    metric: EstimableMetric
    reference: float
    expected: Estimate
    drop: Estimate
    labels_needed: int | None
    weighted: float | None = None
    weighted_drop: Estimate | None = None
    realised: Estimate | None = None
    shortfall: Estimate | None = None
    lacks: tuple[LookEstimate, LookEstimate] | None = None

    @property
    def is_error(self) -> bool:
        """Whether less is better, and the margin a share of the reference's value."""
        return self.metric in LOWER_IS_BETTER

    def estimates_differ(self, margin: float) -> bool:
        """Whether the first estimate lies outside what the second holds possible, and by so much
        that it matters: half a margin.
        """
        if self.weighted_drop is None:
            return False
        low, high = self.weighted_drop.interval.low, self.weighted_drop.interval.high
        outside = (low is not None and self.drop.value < low) or (
            high is not None and self.drop.value > high
        )
        return outside and abs(self.drop.value - self.weighted_drop.value) > margin / 2


@dataclass(frozen=True)
class SubsetPerformance:
    """Every metric of a subset: all current rows, a group, or a chunk of neighbouring rows."""

    label: str | None
    rows: int
    labelled_rows: int
    support: SubsetSupport
    metrics: tuple[MetricEstimate, ...]

    def expected_verdict(
        self, one: MetricEstimate, ask: DriftSettings, *, features_shifted: bool
    ) -> Verdict:
        """Whether it falls by no more than the margin. Both estimates have to agree, on rows that
        the reference can speak for. (Where features moved by less than is accepted, the second is
        held to its value, as its interval is wide.)
        """
        if self.rows < ask.rows or not self.support.is_enough:
            return Verdict.UNKNOWN
        first = verdict_at_most(one.drop.interval, ask.margin)
        if one.weighted_drop is None:
            return first
        second = verdict_at_most(one.weighted_drop.interval, ask.margin)
        if second is Verdict.UNKNOWN and not features_shifted:
            second = Verdict.PASS if one.weighted_drop.value <= ask.margin else second
        return first if first is second else Verdict.UNKNOWN

    def realised_verdict(self, one: MetricEstimate, ask: DriftSettings) -> Verdict | None:
        """Whether labels show no more than the margin worse than expected; None without labels."""
        if one.shortfall is None:
            return None
        if self.labelled_rows < ask.rows:
            return Verdict.UNKNOWN
        return verdict_at_most(one.shortfall.interval, ask.margin)


def labels_needed(row_variance: float, change: float) -> int | None:
    """How many labels show a `change` of a mean whose rows vary so, in four of five cases at level
    0.05; to two digits, upwards. None where that is not known.
    """
    if not math.isfinite(row_variance) or not change > 0 or row_variance <= 0:
        return None
    needed = _POWER_FACTOR * row_variance / change**2
    step: int = 10 ** max(math.floor(math.log10(max(needed, 1.0))) - 1, 0)
    return max(math.ceil(needed / step) * step, 20)


class PerformanceEstimator(Protocol):
    """What a problem type brings: learnt from the reference, it estimates subsets."""

    @property
    def assumption(self) -> str:
        """What an expectation rests on, as a clause: "if ..."."""

    @property
    def reference_rows(self) -> pa.Table:
        """The reference rows that it learnt from: those with labels, of a sample."""

    def estimate(
        self, rows: pa.Table, level: float, *, label: str | None, among: Bools | None = None
    ) -> SubsetPerformance:
        """Of current rows, with intervals at `level`. `among`: the `reference_rows` to compare
        with (all, if None).
        """

    def reference_value(self, weights: Floats) -> float:
        """The first metric of the reference's rows at these weights."""
