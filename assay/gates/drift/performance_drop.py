"""Whether the predictions are harmed: expected performance, and realised where labels came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from assay.config.gates import DriftSettings, EstimableMetric
from assay.gates.drift.case_mix import CaseMix, ReferenceSample
from assay.gates.drift.cbpe import (
    BLOCKS,
    BlockCounts,
    ProbabilityBins,
    expected_counts,
    realised_counts,
    weighted_counts,
)
from assay.gates.drift.importance_weights import GROUPS, WeightedCalibration
from assay.gates.drift.scored_rows import GroupCodes, ScoredRows
from assay.gates.report import Interval, Verdict
from assay.gates.statistics.change_evidence import LookEstimate
from assay.gates.statistics.intervals import Bools, Estimate, Floats, make_interval, verdict_at_most
from assay.gates.statistics.window_variation import jackknife_error

_LEAST_EXPLAINED: Final = 0.5  # of the other columns' shift, for a mix to be believed
_FEWEST_WINDOWS: Final = 5


@dataclass(frozen=True, eq=False)
class PerformanceDrop:
    """One metric of all rows, or of a group: reference, current, and the drop with its interval.

    `weighted` and `weighted_drop`: current value and drop if outcomes follow the features as in the
    reference; None where no feature moved, or nothing can be said. `reference_at_mix`: the
    expectation of reference rows mixed as the current ones, and `drop_beyond_mix` the drop below
    that; None unless a mix is believed. `realised_value`: of the labelled current rows, and
    `realised_shortfall` how much farther it lies below what was expected of these rows than in the
    reference: probabilities may be wrong for a group, and have always been.
    """

    metric: EstimableMetric
    group: str | None
    rows: int
    reference: float
    current: float
    drop: Estimate
    verdict: Verdict
    weighted: float | None = None
    weighted_drop: Estimate | None = None
    reference_at_mix: float | None = None
    drop_beyond_mix: Estimate | None = None
    labelled_rows: int = 0
    realised_reference: float | None = None
    realised_value: float | None = None
    realised_shortfall: Estimate | None = None
    realised_verdict: Verdict | None = None
    reference_lack: LookEstimate | None = None  # expected minus realised, in the reference
    current_lack: LookEstimate | None = None  # and of the labelled current rows

    @property
    def estimates_differ(self) -> bool:
        """Whether one way to expect lies outside what the other holds possible."""
        if self.weighted_drop is None:
            return False
        low, high = self.weighted_drop.interval.low, self.weighted_drop.interval.high
        return not (low is None or low <= self.drop.value) or not (
            high is None or self.drop.value <= high
        )


@dataclass(frozen=True, eq=False)
class DropInputs:
    """All that drops are computed from. `mix` is given only if it is to be believed, `weighted`
    only where features moved.

    `unseen_columns`: columns with so many values never seen that nothing can be expected.
    `group_columns`: the columns by whose groups rows are judged. `features_shifted`: whether
    features moved by more than the settings accept, alone or together.
    """

    reference: ScoredRows
    current: ScoredRows
    ladder: ProbabilityBins
    sample: ReferenceSample
    mix: CaseMix | None
    unseen_columns: Sequence[str]
    group_columns: Sequence[str] = ()
    weighted: WeightedCalibration | None = None
    features_shifted: bool = True

    @property
    def has_support(self) -> bool:
        """Whether the reference can speak for the current rows."""
        known = self.weighted is None or self.weighted.has_support
        return known and not self.unseen_columns


def credible_mix(mix: CaseMix | None, ask: DriftSettings) -> CaseMix | None:
    """The mix, if the other columns moved at all and mostly as the reference's rows would have."""
    if mix is None or mix.explained_share < _LEAST_EXPLAINED or mix.shift_distance < ask.effect:
        return None
    return mix


def measure_drops(sides: DropInputs, ask: DriftSettings) -> list[PerformanceDrop]:
    """Each metric overall, then by group. Intervals hold for all of them together (Bonferroni)."""
    divisions = list(_group_masks(sides))
    metrics = [m for m in ask.metrics if m == "roc_auc" or sides.current.decision is not None]
    level = 1 - (1 - ask.confidence) / max(len(divisions) * len(metrics), 1)
    return [
        _measure_drop(metric, part, sides, level, ask)
        for part in (_count_group(sides, *division) for division in divisions)
        for metric in metrics
    ]


_Masks = tuple[Bools | None, Bools | None, Bools | None]  # reference, current, sample


_ExpectedAndRealised = tuple[BlockCounts, BlockCounts]  # expected, realised


@dataclass(frozen=True, eq=False)
class _GroupCounts:
    """The counts of all rows or of a group.

    `weighted`: of the current rows, by the calibration at their features. `labelled_counts`: of the
    reference's and the current labelled rows, what was expected and what the labels say; None
    without labels on both sides, as only the reference's say what is usual.
    """

    group: str | None
    old: BlockCounts
    new: BlockCounts
    weighted: BlockCounts | None
    at_mix: BlockCounts | None
    labelled_counts: tuple[_ExpectedAndRealised, _ExpectedAndRealised] | None


def _group_masks(sides: DropInputs) -> Iterator[tuple[str | None, _Masks]]:
    yield None, (None, None, None)
    three = (sides.reference, sides.current, sides.sample.predictions)
    for name in sides.group_columns:
        old, new, sampled = (side.groups[name] for side in three)
        for label in old[1]:
            if label in new[1]:
                yield (
                    f"{name}={label}",
                    (_in_group(old, label), _in_group(new, label), _in_group(sampled, label)),
                )


def _in_group(groups: GroupCodes, label: str) -> Bools:
    codes, labels = groups
    found: Bools = codes == (labels.index(label) if label in labels else -1)
    return found


def _count_group(sides: DropInputs, group: str | None, masks: _Masks) -> _GroupCounts:
    old = expected_counts(sides.reference, sides.ladder, masks[0])
    new = expected_counts(sides.current, sides.ladder, masks[1])
    mixed = None
    if sides.mix is not None:
        weights = sides.mix.weights if masks[2] is None else sides.mix.weights * masks[2]
        mixed = weighted_counts(sides.sample.predictions, sides.ladder, weights)
    weighted = None
    if sides.weighted is not None:
        weighted = expected_counts(sides.current, sides.weighted.bins, masks[1])
    return _GroupCounts(group, old, new, weighted, mixed, _labelled_counts(sides, masks))


def _labelled_counts(
    sides: DropInputs, masks: _Masks
) -> tuple[_ExpectedAndRealised, _ExpectedAndRealised] | None:
    if (
        not sides.reference.labelled_rows
        or sides.current.truth is None
        or not sides.current.labelled_rows
    ):
        return None
    return _expected_and_realised(sides.reference, sides.ladder, masks[0]), _expected_and_realised(
        sides.current, sides.ladder, masks[1]
    )


def _expected_and_realised(
    side: ScoredRows, ladder: ProbabilityBins, mask: Bools | None
) -> _ExpectedAndRealised:
    assert side.truth is not None, "asked for only with labels"
    labelled = side.truth >= 0 if mask is None else (side.truth >= 0) & mask
    return expected_counts(side, ladder, labelled), realised_counts(side, ladder, labelled)


def _measure_drop(
    metric: EstimableMetric, part: _GroupCounts, sides: DropInputs, level: float, ask: DriftSettings
) -> PerformanceDrop:
    old, new, mixed, weighted = part.old, part.new, part.at_mix, part.weighted
    found = PerformanceDrop(
        metric=metric,
        group=part.group,
        rows=round(new.rows),
        reference=old.metric_value(metric),
        current=new.metric_value(metric),
        drop=_estimate_drop(metric, old, new, level),
        verdict=Verdict.UNKNOWN,
        weighted=None if weighted is None else weighted.metric_value(metric),
        weighted_drop=_estimate_weighted_drop(metric, old, weighted, level) if weighted else None,
        reference_at_mix=None if mixed is None else mixed.metric_value(metric),
        drop_beyond_mix=_estimate_drop(metric, mixed, new, level) if mixed is not None else None,
    )
    if min(old.rows, new.rows) >= ask.rows:
        found = replace(found, verdict=_verdict(found, sides, ask.margin))
    if part.labelled_counts is None:
        return found
    return _with_labels(found, part.labelled_counts, level, ask)


def _verdict(outcome: PerformanceDrop, sides: DropInputs, margin: float) -> Verdict:
    """A drop that a mix explains is a caution. Otherwise both ways to expect have to agree, on rows
    that the reference can speak for.

    Features that surely moved, by less than is accepted, cost little by either way. There the way
    by features is held to its estimate: its interval is wide, and would leave every other look at
    such rows undecided.
    """
    by_probability = verdict_at_most(outcome.drop.interval, margin)
    total = by_probability
    if total is not Verdict.PASS and outcome.drop_beyond_mix is not None:
        below = verdict_at_most(outcome.drop_beyond_mix.interval, margin)
        if below is Verdict.PASS:
            return Verdict.CAUTION
        total = below if total is Verdict.FAIL else Verdict.UNKNOWN
    if outcome.weighted_drop is not None:
        by_features = verdict_at_most(outcome.weighted_drop.interval, margin)
        if by_features is Verdict.UNKNOWN and not sides.features_shifted:
            by_features = Verdict.PASS if outcome.weighted_drop.value <= margin else by_features
        total = total if by_features is total else Verdict.UNKNOWN
    return total if sides.has_support else Verdict.UNKNOWN


def _with_labels(
    outcome: PerformanceDrop,
    labelled_counts: tuple[_ExpectedAndRealised, _ExpectedAndRealised],
    level: float,
    ask: DriftSettings,
) -> PerformanceDrop:
    (_, before), (_, after) = labelled_counts
    reference, current = _measure_lacks(outcome.metric, *labelled_counts)
    error = float(np.sqrt(reference.variance + current.variance))
    below = _block_estimate(current.value - reference.value, error, level)
    few = min(before.rows, after.rows) < ask.rows
    verdict = Verdict.UNKNOWN if few else verdict_at_most(below.interval, ask.margin)
    return replace(
        outcome,
        labelled_rows=round(after.rows),
        realised_reference=before.metric_value(outcome.metric),
        realised_value=after.metric_value(outcome.metric),
        realised_shortfall=below,
        realised_verdict=verdict,
        reference_lack=reference,
        current_lack=current,
    )


def _estimate_drop(
    metric: EstimableMetric, old: BlockCounts, new: BlockCounts, level: float
) -> Estimate:
    """Reference minus current. The current value varies as its own blocks do, and at least as
    stretches of the reference of that length; both vary with the calibration, together."""
    errors = [jackknife_error(side.jackknife_values(metric)) for side in (old, new)]
    per_window = max(round(new.rows / max(old.rows, 1) * BLOCKS), 1)
    windows = old.window_values(metric, per_window)
    windows = windows[np.isfinite(windows)]
    if len(windows) >= _FEWEST_WINDOWS:
        longer = old.rows * per_window / BLOCKS / max(new.rows, 1)
        errors[1] = max(errors[1], float(windows.std(ddof=1)) * min(longer, 1.0) ** 0.5)
    learnt = _calibration_error(old.recalibrated_values(metric) - new.recalibrated_values(metric))
    error = float(np.linalg.norm([*errors, learnt]))
    return _block_estimate(old.metric_value(metric) - new.metric_value(metric), error, level)


def _estimate_weighted_drop(
    metric: EstimableMetric, old: BlockCounts, weighted: BlockCounts, level: float
) -> Estimate:
    """Reference minus current, the latter by the calibration at the current features."""
    errors = [jackknife_error(side.jackknife_values(metric)) for side in (old, weighted)]
    learnt = [_calibration_error(side.recalibrated_values(metric)) for side in (old, weighted)]
    error = float(np.linalg.norm([*errors, *learnt]))
    value = old.metric_value(metric) - weighted.metric_value(metric)
    return _block_estimate(value, error, level, GROUPS)


def _measure_lacks(
    metric: EstimableMetric, before: _ExpectedAndRealised, after: _ExpectedAndRealised
) -> tuple[LookEstimate, LookEstimate]:
    """Expected minus realised, each of the same rows: in the reference, and now."""
    lacks = [
        promised.metric_value(metric) - seen.metric_value(metric)
        for promised, seen in (before, after)
    ]
    errors = [
        jackknife_error(promised.jackknife_values(metric) - seen.jackknife_values(metric))
        for promised, seen in (before, after)
    ]
    # The calibration was learnt from the reference's labels, with which its own lack varies.
    learnt = after[0].recalibrated_values(metric) - before[0].recalibrated_values(metric)
    errors[0] += _calibration_error(learnt)
    first, second = (LookEstimate(v, e**2) for v, e in zip(lacks, errors, strict=True))
    return first, second


def _calibration_error(without: Floats) -> float:
    """The error that comes with the calibration, from values by those learnt without a block."""
    return jackknife_error(without) if len(without) else 0.0


def _block_estimate(value: float, error: float, level: float, blocks: int = BLOCKS) -> Estimate:
    from scipy.stats import t

    half = float(t.ppf((1 + level) / 2, blocks - 1)) * error
    limits: Interval = make_interval(value - half, value + half, level)
    return Estimate(value, limits)
