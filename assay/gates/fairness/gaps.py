"""Gaps between groups and their reference, judged together against the limits that people set.

Two errors matter, and each is bounded at `ALPHA` for the gate as a whole:

- To fail a model whose every gap is tolerable. Any one pair can fail the gate, so the pairs of
  all rules are one family: a pair fails when the interval of its gap lies beyond the limit at the
  level that Holm's step-down procedure grants it.
- To pass a model of which some gap is intolerable. Every pair must pass for the gate to pass, so
  no correction is due (an intersection-union test: Berger, Technometrics 24, 1982): a pair passes
  when its interval at level 1 - 2 ALPHA, that is two one-sided tests of size ALPHA, lies inside.

Everything between is `unknown`. The interval shown is the one that decided. A gap's interval comes
from those of its two sides (`statistics.difference_limits` and `ratio_limits`; of shares, that is
Newcombe's). The largest gap less the smallest is never judged: over small groups it is biased
upward.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np

from assay.config.gates import FairnessMetric, RateMetric
from assay.gates.confusion_cells import RATE_DEFINITIONS
from assay.gates.fairness.clustered_metrics import PairClusters, clustered_limits
from assay.gates.fairness.metrics import MEASURES, Measure, Measures, Sums
from assay.gates.report import Interval, Verdict
from assay.gates.statistics.cluster_errors import (
    MIN_CLUSTERS,
    ClusterError,
    ClusterSpread,
    spread_of,
)
from assay.gates.statistics.intervals import (
    Bools,
    Floats,
    Limits,
    inside_margins,
    make_interval,
    normal_quantile,
    outside_margins,
)
from assay.gates.statistics.mover import difference_limits, ratio_limits
from assay.gates.statistics.multiple_testing import holm_step_down

ALPHA = 0.05
PLANNED_SHARE = 0.8  # of tests, those that are to decide with the rows that are asked for
MIN_ROWS = 10  # what rests on fewer rows is not judged, whatever its interval says
MAX_HYPERGEOMETRIC_ROWS = 10**9  # rows from which NumPy refuses to draw hypergeometrically


@dataclass(frozen=True, slots=True)
class GroupPair:
    """One group against its reference, in one metric, held to a tolerance or to a ratio."""

    metric: FairnessMetric
    by: tuple[str, ...]
    group: str
    reference: str
    group_sums: Mapping[str, float]  # sums over the group's rows, see `metrics`
    reference_sums: Mapping[str, float]  # over the reference's
    value: float
    reference_value: float
    tolerance: float | None
    ratio: float | None = None
    clusters: PairClusters | None = None  # where rows belong together
    measures: Measures = field(default_factory=lambda: MEASURES)

    @property
    def measure(self) -> Measure:
        return self.measures[self.metric]

    @property
    def rows(self) -> int:
        """Rows of the metric's denominator in the group."""
        if self.clusters is not None and self.clusters.weighted:
            return round(self.clusters.group.rows)
        return round(float(self.measure.rows(_arrays(self.group_sums))))

    @property
    def reference_rows(self) -> int:
        if self.clusters is not None and self.clusters.weighted:
            return round(self.clusters.reference.rows)
        return round(float(self.measure.rows(_arrays(self.reference_sums))))

    @property
    def enough_rows(self) -> tuple[bool, bool]:
        """Whether the group and the reference have rows enough to be judged; of weighted rows
        `enough_clusters` says it.
        """
        if self.clusters is not None and self.clusters.weighted:
            return self.rows >= MIN_ROWS, self.reference_rows >= MIN_ROWS
        rests_on = self.measure.limiting_rows
        own, base = (
            bool(rests_on(_arrays(sums)) >= MIN_ROWS)
            for sums in (self.group_sums, self.reference_sums)
        )
        return own, base

    @property
    def enough_clusters(self) -> tuple[bool, bool]:
        """Whether the group's and the reference's rows are of clusters enough to be judged."""
        if self.clusters is None:
            return True, True
        own, base = self.clusters.group, self.clusters.reference
        return own.effective >= MIN_CLUSTERS, base.effective >= MIN_CLUSTERS

    @property
    def judgeable(self) -> bool:
        return all(self.enough_rows) and all(self.enough_clusters) and bool(np.isfinite(self.gap))

    @property
    def gap(self) -> float:
        """The difference, or the ratio where that is limited. NaN where undefined."""
        if self.ratio is None:
            return self.value - self.reference_value
        return self.value / self.reference_value if self.reference_value > 0 else float("nan")

    @property
    def allowed_gap(self) -> tuple[float, float]:
        """From what to what the gap is accepted."""
        if self.ratio is not None:
            return self.ratio, 1 / self.ratio
        assert self.tolerance is not None, "a rule sets one of the two"
        return -self.tolerance, self.tolerance


def _arrays(sums: Mapping[str, float]) -> Sums:
    return {name: np.asarray(value, dtype=float) for name, value in sums.items()}


@dataclass(frozen=True, slots=True)
class GapVerdict:
    """A pair's verdict, with the interval that it rests on."""

    verdict: Verdict
    interval: Interval


def judge_pairs(pairs: Sequence[GroupPair], alpha: float = ALPHA) -> list[GapVerdict]:
    """One verdict a pair, in order, the pairs being one family. See the module's text."""
    if not pairs:
        return []
    able = np.array([pair.judgeable for pair in pairs], dtype=bool)
    least, most = np.array([pair.allowed_gap for pair in pairs], dtype=float).T
    alike = _stack_pairs(pairs)
    return judge_family(lambda level: _stacked_limits(alike, level), (least, most), able, alpha)


def judge_family(
    limits_at: Callable[[float], Limits], margins: Limits, judgeable: Bools, alpha: float = ALPHA
) -> list[GapVerdict]:
    """`judge_pairs` of anything that has limits at a two-sided level: one verdict each, as one
    family. What is not `judgeable` is unknown.
    """
    least, most = margins

    def fails(level: float) -> Bools:
        return outside_margins(limits_at(level), (least, most))

    failed, levels = holm_step_down(fails, judgeable, alpha)
    low, high = limits_at(1 - 2 * alpha)
    passed = judgeable & ~failed & inside_margins((low, high), (least, most))
    levels[passed] = 1 - 2 * alpha
    for level in np.unique(levels[~passed]):
        at, limits = levels == level, limits_at(float(level))
        low[at], high[at] = limits[0][at], limits[1][at]
    return [
        GapVerdict(
            Verdict.FAIL if failed[i] else Verdict.PASS if passed[i] else Verdict.UNKNOWN,
            make_interval(low[i], high[i], float(levels[i])),
        )
        for i in range(len(judgeable))
    ]


@dataclass(frozen=True, slots=True)
class _StackedPairs:
    """The pairs of one metric and one kind of limit, their sums side by side."""

    positions: list[int]
    metric: FairnessMetric
    ratio: bool
    group_sums: Sums
    reference_sums: Sums
    values: tuple[Floats, Floats]
    spreads: tuple[ClusterSpread, ClusterSpread] | None = None
    correlation: Floats | float = 0.0
    measures: Measures = field(default_factory=lambda: MEASURES)

    def limits(self, level: float, growth: tuple[Floats, Floats] | None = None) -> Limits:
        """Of the gap; with `growth`, were the group and the reference so many times as large."""
        more = growth or (np.ones(1), np.ones(1))
        own, base = (self._side_limits(side, level, times) for side, times in enumerate(more))
        combine = ratio_limits if self.ratio else difference_limits
        return combine(self.values[0], own, self.values[1], base, self.correlation)

    def _side_limits(self, side: int, level: float, times: Floats) -> Limits:
        """Of the groups (0) or of their references (1), were they so many times as large."""
        held = (self.group_sums, self.reference_sums)[side]
        sums = {name: value * times for name, value in held.items()}
        if self.spreads is None:
            return self.measures[self.metric].limits(sums, level)
        spread = self.spreads[side].grow(times)
        return clustered_limits(
            self.metric, sums, self.values[side], spread, level, measures=self.measures
        )


def _stack_pairs(pairs: Sequence[GroupPair]) -> list[_StackedPairs]:
    kinds: dict[tuple[FairnessMetric, bool], list[int]] = {}
    for i, pair in enumerate(pairs):
        kinds.setdefault((pair.metric, pair.ratio is not None), []).append(i)
    return [_stack_kind(metric, ratio, at, pairs) for (metric, ratio), at in kinds.items()]


def _stack_kind(
    metric: FairnessMetric, ratio: bool, at: list[int], pairs: Sequence[GroupPair]
) -> _StackedPairs:
    own, base = (
        {name: np.array([sums[name] for sums in side], dtype=float) for name in side[0]}
        for side in ([pairs[i].group_sums for i in at], [pairs[i].reference_sums for i in at])
    )
    values = np.array([[pairs[i].value, pairs[i].reference_value] for i in at], dtype=float)
    found = _StackedPairs(
        at,
        metric,
        ratio,
        own,
        base,
        (values[:, 0], values[:, 1]),
        measures=pairs[at[0]].measures,
    )
    clustered = [pairs[i].clusters for i in at]
    known = [of for of in clustered if of is not None]
    if len(known) < len(at):
        return found
    return replace(
        found,
        spreads=(
            spread_of(*(of.group for of in known)),
            spread_of(*(of.reference for of in known)),
        ),
        correlation=np.array([of.group.correlation(of.reference) for of in known]),
    )


def _stacked_limits(alike: Sequence[_StackedPairs], level: float) -> Limits:
    size = sum(len(held.positions) for held in alike)
    low, high = np.empty(size), np.empty(size)
    for held in alike:
        low[held.positions], high[held.positions] = held.limits(level)
    return low, high


def gap_limits(
    metric: FairnessMetric,
    sums: Sums,
    values: Floats,
    reference: int,
    *,
    ratio: bool,
    level: float = 0.95,
    errors: Sequence[ClusterError] | None = None,
    measures: Measures = MEASURES,
) -> Limits:
    """Limits of every group's gap to the group numbered `reference`, as `judge_pairs` has them.

    `errors`: each group's, where rows belong together.
    """
    base = {name: held[reference] for name, held in sums.items()}
    found = _StackedPairs(
        [], metric, ratio, sums, base, (values, values[reference]), measures=measures
    )
    if errors is not None:
        found = replace(
            found,
            spreads=(spread_of(*errors), spread_of(errors[reference])),
            correlation=np.array([error.correlation(errors[reference]) for error in errors]),
        )
    return found.limits(level)


@dataclass(frozen=True, slots=True)
class RowsToDecide:
    """What would turn an `unknown` into an answer, if the rates stayed as they are."""

    more_rows: int | None = None  # rows of the metric's denominator in the group alone
    rows_of_both: tuple[int, int] | None = (
        None  # or so many rows in the group, and in the reference
    )


def likely_limits(gap: float, limits: Limits, level: float) -> Limits:
    """`limits` of a `gap` at a two-sided `level`, widened by what chance does to the next gap: four
    of five tests of as many rows have limits within these."""
    wider = 1 + normal_quantile(PLANNED_SHARE) / normal_quantile(level)
    low, high = limits
    return gap + wider * (low - gap), gap + wider * (high - gap)


def rows_to_decide(pair: GroupPair, level: float, alpha: float = ALPHA) -> RowsToDecide:
    """About how much more data would decide `pair`, judged at `level` for a failure, in four of
    five tests of so many rows.

    What rests on fewer than `MIN_ROWS` rows is too rough to plan with: then the reference's rates
    are taken.
    """
    enough, base_enough = pair.enough_rows
    if not base_enough or not all(pair.enough_clusters):
        return RowsToDecide()
    planned = pair if enough else _with_reference_rates(pair)
    (held,), margins = _stack_pairs([planned]), np.array(pair.allowed_gap)
    growth = np.geomspace(1, 100, 120)  # more than a hundredfold helps nobody

    def first(base_growth: Floats) -> int | None:
        """Index of the first size at which the pair would pass or fail."""
        sizes = (growth, base_growth)
        limits = (
            likely_limits(planned.gap, held.limits(at, sizes), at) for at in (1 - 2 * alpha, level)
        )
        passes = inside_margins(next(limits), (margins[0], margins[1]))
        fails = outside_margins(next(limits), (margins[0], margins[1]))
        decided = np.flatnonzero(passes | fails)
        return int(decided[0]) if len(decided) else None

    alone = first(np.ones_like(growth))
    if alone is not None:
        return RowsToDecide(
            more_rows=max(int(np.ceil(planned.rows * growth[alone])) - pair.rows, 1)
        )
    together = first(growth)
    if together is None:
        return RowsToDecide()
    times = growth[together]
    return RowsToDecide(
        rows_of_both=(int(np.ceil(planned.rows * times)), int(np.ceil(pair.reference_rows * times)))
    )


def _with_reference_rates(pair: GroupPair) -> GroupPair:
    """The pair, were its group as the reference is, and just large enough to be judged."""
    part = MIN_ROWS / max(pair.reference_rows, 1)
    if pair.clusters is None or not pair.clusters.weighted:
        part = MIN_ROWS / float(pair.measure.limiting_rows(_arrays(pair.reference_sums)))
    own = {name: value * part for name, value in pair.reference_sums.items()}
    alike = None
    if pair.clusters is not None:
        base = pair.clusters.reference
        alike = replace(pair.clusters, group=base.of_other_clusters(part))
    return replace(pair, group_sums=own, value=pair.reference_value, clusters=alike)


def permutation_p(pairs: Sequence[GroupPair], *, draws: int = 1999, seed: int = 0) -> float | None:
    """How often chance gives a gap as large as the largest of `pairs`, were all groups alike.

    The pairs share metric, columns and reference. The successes are dealt out anew among the
    groups' rows, which is a multivariate hypergeometric draw; of a billion rows or more it differs
    from binomial draws at the pooled share by nothing that shows. Gaps are measured in pooled
    standard errors, lest the smallest groups drown the rest. None when fewer than two groups have
    rows, for metrics that are no shares, and where rows belong together.
    """
    held = [
        pair
        for pair in pairs
        if pair.metric in RATE_DEFINITIONS
        and pair.clusters is None
        and pair.rows
        and pair.reference_rows
    ]
    if not held:
        return None
    kinds = RATE_DEFINITIONS[cast(RateMetric, held[0].metric)].successes
    sides = [held[0].reference_sums, *(pair.group_sums for pair in held)]
    rows = np.array([held[0].reference_rows, *(pair.rows for pair in held)])
    dealt = np.array([round(sum(sums[kind] for kind in kinds)) for sums in sides])
    rng = np.random.default_rng(seed)
    if rows.sum() < MAX_HYPERGEOMETRIC_ROWS:
        total = int(dealt.sum())
        drawn = rng.multivariate_hypergeometric(rows, total, size=draws, method="marginals")
    else:
        drawn = rng.binomial(rows, dealt.sum() / rows.sum(), size=(draws, len(rows)))
    observed = _largest_gap(dealt[None, :], rows)[0]
    exceed = int((_largest_gap(drawn, rows) >= observed - 1e-12).sum())
    return (1 + exceed) / (1 + draws)


def _largest_gap(successes: np.ndarray, rows: np.ndarray) -> Floats:
    """Per draw, the largest gap to the first group in units that make sizes comparable."""
    shares = successes / rows
    errors = np.sqrt(1 / rows[1:] + 1 / rows[0])  # the pooled share is the same in every draw
    return np.asarray((np.abs(shares[:, 1:] - shares[:, :1]) / errors).max(axis=1))
