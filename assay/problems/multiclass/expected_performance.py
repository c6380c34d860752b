"""What performance predictions of several classes can be expected to have, without labels.

Confidence-based performance estimation by class: a row is each class with its calibrated
probability, so the confusion of many rows can be expected. Probabilities are calibrated on the
reference, each class against the rest (isotonic), and made to sum to 1. Rows are ranked by the
probabilities as delivered, ties counting half, and decisions are counted as delivered.

It is right as long as classes follow the probabilities as in the reference. Where a classifier
tells the current rows apart, there is a second estimate: calibrated on reference rows that are
weighted to the current features, which is right while classes follow the features.

Sources: as in `assay.gates.drift.cbpe`; Zadrozny & Elkan, KDD 2002, for calibration by class.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa

from assay.config.gates import DriftSettings, EstimableMetric
from assay.errors import DataError
from assay.gates.drift.estimated_harm import EstimatedHarm, estimate_harm
from assay.gates.drift.feature_rows import FeatureEncoder, ReferenceRange, shuffled_order
from assay.gates.drift.importance_weights import measure_density_ratio
from assay.gates.drift.prediction_harm import DriftObservations
from assay.gates.drift.scored_rows import ColumnRoles
from assay.gates.drift.subset_performance import (
    MetricEstimate,
    SubsetPerformance,
    SubsetSupport,
    labels_needed,
)
from assay.gates.statistics.change_evidence import LookEstimate
from assay.gates.statistics.intervals import (
    Bools,
    Estimate,
    Floats,
    make_interval,
    normal_quantile,
)
from assay.gates.statistics.window_variation import jackknife_error
from assay.problems.multiclass.class_calibration import CalibrationTally, IsotonicCalibration
from assay.problems.multiclass.class_counts import ClassShares, RankedClassRows
from assay.problems.multiclass.scored_classes import ScoredClasses, read_scored_classes
from assay.tables.distribution import Integers

FEWEST_LABELS: Final = 100  # of the reference, to calibrate on
BLOCKS: Final = 20
_SPREAD_OF_BLOCKS: Final = (BLOCKS - 1) / (BLOCKS - 3)
"""The variance of Student's t: an error that is told by few blocks is itself uncertain."""


def estimate_performance(seen: DriftObservations) -> EstimatedHarm:
    """Judge expected and realised performance. Raises DataError for answers that are none, and for
    a class of which the reference has no labelled row.
    """
    roles = seen.roles
    if not roles.probabilities or roles.prediction is None:
        return EstimatedHarm(
            seen.ask,
            missing="No probabilities by class were named, so nothing is said of performance.",
        )
    return estimate_harm(seen, ExpectedByClass.from_reference(seen))


@dataclass(frozen=True, eq=False)
class ExpectedByClass:
    """Estimates metrics of current rows: a `PerformanceEstimator`."""

    encoder: FeatureEncoder
    known: ScoredClasses
    reference_rows: pa.Table
    held: ReferenceRange
    features: Floats
    roles: ColumnRoles
    ask: DriftSettings

    assumption = "if classes still follow the probabilities as in the reference"

    @classmethod
    def from_reference(cls, seen: DriftObservations) -> ExpectedByClass:
        """From the sampled reference rows that have labels."""
        rows = seen.sides.old.sample
        scored = read_scored_classes(rows, seen.roles, "reference")
        labelled = scored.labelled
        scored, rows = scored.take(labelled), rows.filter(pa.array(labelled))
        if len(scored) < FEWEST_LABELS:
            raise DataError(
                f"{len(scored):,} reference rows have a label: too few to calibrate on",
                where="reference",
                remedy=f"Give a reference with {FEWEST_LABELS} or more labelled rows, and name the"
                " labels with --truth.",
            )
        rows_by_class = np.bincount(scored.truth, minlength=len(scored.classes))
        if not rows_by_class.all():
            absent = scored.classes[int(rows_by_class.argmin())]
            raise DataError(
                f"no labelled row of the reference is {absent!r}, so nothing is known of that"
                " class",
                where="reference",
                remedy="Give a reference that holds every class.",
            )
        encoder = FeatureEncoder(seen.together.columns)
        features = np.column_stack([encoder.encode(rows), scored.probability])
        categorical = [*encoder.categorical, *(False for _ in scored.classes)]
        held = ReferenceRange.from_rows(features, categorical)
        return cls(encoder, scored, rows, held, features, seen.roles, seen.ask)

    def reference_value(self, weights: Floats) -> float:
        shares = ClassShares(RankedClassRows.from_scores(self.known), self.known.outcomes, weights)
        return shares.value(self.ask.metrics[0])

    def estimate(
        self, rows: pa.Table, level: float, *, label: str | None, among: Bools | None = None
    ) -> SubsetPerformance:
        """See `PerformanceEstimator`. Raises DataError for answers that are none."""
        scored = read_scored_classes(rows, self.roles, "current")
        features = np.column_stack([self.encoder.encode(rows), scored.probability])
        usable = np.ones(len(self.known), bool) if among is None else among
        ratio = measure_density_ratio(self.features[usable], features)
        support = SubsetSupport(
            unlike_share=self.held.unlike_share(features),
            capped_share=ratio.capped_share if ratio.has_moved else 0.0,
            auc=ratio.auc.value,
            is_supported=ratio.has_support or not ratio.has_moved,
        )
        in_order = self.ask.order == "meaningful"
        calibrated = _Calibrated(self.known, self.features, np.ones(len(self.known)), in_order)
        weighted = None
        if ratio.has_moved:
            weights = np.zeros(len(self.known))
            weights[usable] = ratio.weights
            weighted = _Calibrated(self.known, self.features, weights, in_order)
        subset = _ClassesOfSubset(
            _Reference(self.known.take(usable), calibrated.block[usable]),
            _Current(scored, features, in_order),
            calibrated,
            weighted,
            level,
            self.ask.margin,
        )
        found = tuple(subset.measure(metric) for metric in self.ask.metrics)
        return SubsetPerformance(label, len(scored), int(scored.labelled.sum()), support, found)


def _blocks(rows: Floats, in_order: bool) -> Integers:
    """Each row's block: of neighbours, where these may be alike; else such that the order of rows
    does not matter.
    """
    count = min(BLOCKS, len(rows))
    if in_order:
        return np.arange(len(rows)) * count // len(rows)
    found = np.empty(len(rows), dtype=np.int64)
    found[shuffled_order(rows)] = np.arange(len(rows)) % count
    return found


class _Calibrated:
    """The calibration, and those learnt without each block of the reference's rows."""

    def __init__(
        self, known: ScoredClasses, features: Floats, weights: Floats, in_order: bool
    ) -> None:
        labels = known.truth.astype(np.float64)
        self.block = _blocks(np.column_stack([features, labels]), in_order)
        tally = CalibrationTally(known, self.block, weights)
        self.whole = tally.whole()
        self.without = [tally.without(number) for number in range(tally.blocks)]


class _Reference:
    """The reference's rows to compare with: what their labels say, without each block in turn."""

    def __init__(self, known: ScoredClasses, block: Integers) -> None:
        self._rows = RankedClassRows.from_scores(known)
        self._outcomes, self._block = known.outcomes, block

    def value(self, metric: EstimableMetric, without: int | None = None) -> float:
        weight = np.ones(len(self._block)) if without is None else 1.0 * (self._block != without)
        return ClassShares(self._rows, self._outcomes, weight).value(metric)


class _Current:
    """Current rows in blocks."""

    def __init__(self, scored: ScoredClasses, features: Floats, in_order: bool) -> None:
        self.scored, self._features, self._in_order = scored, features, in_order
        self.rows = RankedClassRows.from_scores(scored)
        self.block = _blocks(features, in_order)

    def shares(self, calibration: IsotonicCalibration) -> ClassShares:
        share = calibration.calibrate(self.scored.probability)
        return ClassShares(self.rows, share, np.ones(len(share)))

    def error(self, value: Callable[[Bools], float]) -> float:
        """The standard error of what `value` says of all rows, by leaving each block out."""
        return jackknife_error([value(self.block != number) for number in np.unique(self.block)])

    def labelled(self) -> _Current:
        kept = self.scored.labelled
        return _Current(self.scored.take(kept), self._features[kept], self._in_order)


@dataclass(frozen=True, eq=False)
class _ClassesOfSubset:
    """Metrics of a subset of current rows beside the reference's."""

    reference: _Reference
    current: _Current
    calibrated: _Calibrated
    weighted: _Calibrated | None
    level: float
    margin: float

    def measure(self, metric: EstimableMetric) -> MetricEstimate:
        shares = self.current.shares(self.calibrated.whole)
        value = shares.value(metric)
        labels = shares.label_variance(metric)
        error = (labels + self._calibration_error(metric, self.current) ** 2) ** 0.5
        half = normal_quantile(self.level) * error
        found = MetricEstimate(
            metric=metric,
            reference=self.reference.value(metric),
            expected=_share_estimate(value, half, self.level),
            drop=self._drop(metric, self.calibrated),
            labels_needed=labels_needed(labels * len(self.current.scored), self.margin),
        )
        if self.weighted is not None:
            again = self.current.shares(self.weighted.whole).value(metric)
            drop = self._drop(metric, self.weighted)
            found = replace(found, weighted=again, weighted_drop=drop)
        return self._with_labels(found)

    @cached_property
    def _labelled(self) -> _Current:
        return self.current.labelled()

    def _values_without(
        self, metric: EstimableMetric, current: _Current, calibrated: _Calibrated
    ) -> Floats:
        """The metric by each calibration that was learnt without a block."""
        shares = (current.shares(calibration) for calibration in calibrated.without)
        return np.array([one.value(metric) for one in shares])

    def _calibration_error(self, metric: EstimableMetric, current: _Current) -> float:
        return jackknife_error(self._values_without(metric, current, self.calibrated))

    def _drop(self, metric: EstimableMetric, calibrated: _Calibrated) -> Estimate:
        """Reference minus current. Without a block of the reference's rows, both its own value and
        the calibration change; the current value also varies as its own blocks do.
        """
        shares = self.current.shares(calibrated.whole)
        after = self._values_without(metric, self.current, calibrated)
        before = [self.reference.value(metric, number) for number in range(len(after))]
        own = self.current.error(lambda kept: _part(shares, kept).value(metric))
        error = (jackknife_error(np.array(before) - after) ** 2 + own**2) ** 0.5
        value = self.reference.value(metric) - shares.value(metric)
        return _block_estimate(value, error, self.level)

    def _with_labels(self, found: MetricEstimate) -> MetricEstimate:
        """With what labels show. (A class that none of the labelled rows has leaves some metrics
        unknown.)
        """
        current = self._labelled
        if len(current.scored) < 2:
            return found
        metric = found.metric
        seen = ClassShares(current.rows, current.scored.outcomes, np.ones(len(current.scored)))
        due = current.shares(self.calibrated.whole)
        value, promised = seen.value(metric), due.value(metric)
        if not np.isfinite(value) or not np.isfinite(promised):
            return found
        own = current.error(lambda kept: _part(seen, kept).value(metric))
        both = current.error(
            lambda kept: _part(due, kept).value(metric) - _part(seen, kept).value(metric)
        )
        learnt = self._calibration_error(metric, current)
        error = (both**2 + learnt**2) ** 0.5
        return replace(
            found,
            lacks=(
                LookEstimate(0.0, learnt**2),
                LookEstimate(promised - value, _SPREAD_OF_BLOCKS * both**2),
            ),
            realised=_block_estimate(value, own, self.level),
            shortfall=_block_estimate(promised - value, error, self.level),
        )


def _part(shares: ClassShares, kept: Bools) -> ClassShares:
    return replace(shares, weight=shares.weight * kept)


def _share_estimate(value: float, half: float, level: float) -> Estimate:
    low, high = max(value - half, 0.0), min(value + half, 1.0)
    return Estimate(value, make_interval(low, high, level))


def _block_estimate(value: float, error: float, level: float) -> Estimate:
    from scipy.stats import t

    half = float(t.ppf((1 + level) / 2, BLOCKS - 1)) * error
    return Estimate(value, make_interval(value - half, value + half, level))
