"""What error predictions of an amount can be expected to have, without labels.

Direct loss estimation: two models learn, on the reference's labelled rows, the absolute and the
squared error from features and prediction; their means over current rows are the expected MAE and,
as a root, RMSE. It is right as long as errors follow features and prediction as they did. The mean
of a Poisson model with a log link is unbiased, and stays above 0. Its size is chosen on the
reference alone, by cross-validated Poisson deviance.

The second estimate is doubly robust: it adds the models' out-of-fold errors on reference rows that
are weighted to the current features. Weights are taken only where a classifier tells the sides
apart, and they are never used in fitting: under a strong shift that harms.

Sources: NannyML's documentation of DLE; Robins & Rotnitzky, JASA 90 (1995), for the second.
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
from assay.gates.drift.feature_rows import FeatureEncoder, ReferenceRange
from assay.gates.drift.importance_weights import DensityRatio, measure_density_ratio
from assay.gates.drift.prediction_harm import DriftObservations
from assay.gates.drift.scored_rows import ColumnRoles
from assay.gates.drift.subset_performance import (
    MetricEstimate,
    SubsetPerformance,
    SubsetSupport,
    labels_needed,
)
from assay.gates.statistics.block_errors import mean_error, summed_error
from assay.gates.statistics.change_evidence import LookEstimate
from assay.gates.statistics.intervals import (
    Bools,
    Estimate,
    Floats,
    make_interval,
    normal_quantile,
)
from assay.problems.regression.loss_model import LossModel, fit_loss_model
from assay.problems.regression.scored_amounts import ScoredAmounts, read_scored_amounts

FEWEST_LABELS: Final = 100  # of the reference, to learn its errors from
_POWERS: Final[dict[EstimableMetric, int]] = {"mae": 1, "rmse": 2}


def estimate_performance(seen: DriftObservations) -> EstimatedHarm:
    """Judge expected and realised errors. Raises DataError for answers that are no amounts."""
    if seen.roles.prediction is None:
        return EstimatedHarm(
            seen.ask, missing="No predictions were named, so nothing is said of performance."
        )
    return estimate_harm(seen, ExpectedLoss.from_reference(seen))


@dataclass(frozen=True, eq=False)
class ExpectedLoss:
    """Estimates MAE and RMSE of current rows: a `PerformanceEstimator`."""

    encoder: FeatureEncoder
    known: ScoredAmounts
    reference_rows: pa.Table
    held: ReferenceRange
    models: dict[EstimableMetric, LossModel]
    features: Floats
    roles: ColumnRoles
    ask: DriftSettings

    assumption = "if errors still follow the features and the prediction as in the reference"

    @classmethod
    def from_reference(cls, seen: DriftObservations) -> ExpectedLoss:
        """Learn from the sampled reference rows that have labels.

        Raises DataError for too few of them, and for predictions or labels that are no numbers.
        """
        rows = seen.sides.old.sample
        scored = read_scored_amounts(rows, seen.roles, "reference")
        labelled = scored.labelled
        if labelled.sum() < FEWEST_LABELS:
            raise DataError(
                f"{int(labelled.sum()):,} reference rows have a label: too few to learn how large"
                " errors are",
                where="reference",
                remedy=f"Give a reference with {FEWEST_LABELS} or more labelled rows, and name the"
                " labels with --truth.",
            )
        rows, scored = rows.filter(pa.array(labelled)), scored.take(labelled)
        encoder = FeatureEncoder(seen.together.columns)
        features = _with_prediction(encoder.encode(rows), scored)
        categorical = [*encoder.categorical, False]
        models = {
            metric: fit_loss_model(features, scored.errors, _POWERS[metric], categorical, seen.seed)
            for metric in seen.ask.metrics
        }
        held = ReferenceRange.from_rows(features, categorical)
        return cls(encoder, scored, rows, held, models, features, seen.roles, seen.ask)

    def reference_value(self, weights: Floats) -> float:
        metric, model = next(iter(self.models.items()))
        return float(_root(np.average(model.loss, weights=weights), metric))

    def estimate(
        self, rows: pa.Table, level: float, *, label: str | None, among: Bools | None = None
    ) -> SubsetPerformance:
        """See `PerformanceEstimator`. Raises DataError for predictions that are no numbers."""
        scored = read_scored_amounts(rows, self.roles, "current")
        features = _with_prediction(self.encoder.encode(rows), scored)
        usable = np.ones(len(self.features), bool) if among is None else among
        ratio = measure_density_ratio(self.features[usable], features)
        support = SubsetSupport(
            unlike_share=self.held.unlike_share(features),
            capped_share=ratio.capped_share if ratio.has_moved else 0.0,
            auc=ratio.auc.value,
            is_supported=ratio.has_support or not ratio.has_moved,
        )
        found = [
            _LossOfSubset(metric, model, model.expect(features), usable, ratio, scored, level,
                          self.ask).measure()
            for metric, model in self.models.items()
        ]  # fmt: skip
        labelled = int(scored.labelled.sum())
        return SubsetPerformance(label, len(scored), labelled, support, tuple(found))


@dataclass(frozen=True, eq=False)
class _LossOfSubset:
    """One metric of current rows: the `expected` loss of each, beside the reference's."""

    metric: EstimableMetric
    model: LossModel
    expected: Floats
    usable: Bools
    ratio: DensityRatio
    scored: ScoredAmounts
    level: float
    ask: DriftSettings

    @cached_property
    def _residual(self) -> Floats:
        return self.model.residual[self.usable]

    @cached_property
    def _weights(self) -> Floats:
        """Of the reference's rows, summing to 1: even, where the sides cannot be told apart."""
        weights = self.ratio.weights if self.ratio.has_moved else np.ones(len(self._residual))
        return np.asarray(weights / weights.sum())

    @cached_property
    def _correction(self) -> float:
        return float((self._weights * self._residual).sum())

    @cached_property
    def _row_variance(self) -> float:
        """How much a current row's loss varies about what is expected of it."""
        return float((self._weights * self._residual**2).sum())

    @property
    def _in_order(self) -> bool:
        return self.ask.order == "meaningful"

    def measure(self) -> MetricEstimate:
        before = float(self.model.loss[self.usable].mean())
        plain = float(self.expected.mean())
        robust = max(plain + self._correction, 0.0)
        drop = self._drop(plain, before, np.zeros(len(self._residual)))
        moved = self.ratio.has_moved
        weighing = (self._weights - 1 / len(self._weights)) * self._residual
        found = MetricEstimate(
            metric=self.metric,
            reference=_root(before, self.metric),
            expected=self._expected(plain, robust),
            drop=drop,
            labels_needed=labels_needed(self._row_variance, self._change(before)),
            weighted=_root(robust, self.metric) if moved else None,
            weighted_drop=self._drop(robust, before, weighing) if moved else None,
        )
        return self._with_labels(found, before)

    def _expected(self, plain: float, robust: float) -> Estimate:
        """The first estimate, in an interval about the second for what labels would show: rows'
        own variation, and that of the correction. It holds the first as well.
        """
        variance = self._row_variance / len(self.expected)
        variance += float((self._weights**2 * self._residual**2).sum())
        half = normal_quantile(self.level) * variance**0.5
        low, high = min(robust - half, plain), max(robust + half, plain)
        return Estimate(
            _root(plain, self.metric),
            make_interval(_root(low, self.metric), _root(high, self.metric), self.level),
        )

    def _drop(self, now: float, before: float, weighing: Floats) -> Estimate:
        """How much larger the loss is, as a share of the reference's.

        What the models expect of both sides' rows varies with these; what the residuals add varies
        only as far as their weights are uneven, for even ones are in the reference's loss as well.
        """
        old = self.model.out_of_fold[self.usable]
        variance = (
            mean_error(self.expected, in_order=self._in_order, like=old) ** 2
            + mean_error(old, in_order=self._in_order) ** 2
            + summed_error(weighing, in_order=self._in_order) ** 2
        )
        half = normal_quantile(self.level) * variance**0.5
        return self._share(now - half, now, now + half, before)

    def _share(self, low: float, value: float, high: float, before: float) -> Estimate:
        base = _root(before, self.metric)
        if base == 0:
            nothing = make_interval(np.nan, np.nan, self.level)
            return Estimate(0.0 if value <= 0 else 1.0, nothing)
        shares = [_root(one, self.metric) / base - 1 for one in (low, value, high)]
        return Estimate(shares[1], make_interval(shares[0], shares[2], self.level))

    def _change(self, before: float) -> float:
        """The change of the mean loss that a change of the metric by one margin is."""
        return float(before * ((1 + self.ask.margin) ** _POWERS[self.metric] - 1))

    def _with_labels(self, found: MetricEstimate, before: float) -> MetricEstimate:
        labelled = self.scored.labelled
        if not labelled.any() or before == 0:
            return found
        loss = np.abs(self.scored.take(labelled).errors) ** self.model.power
        due = max(float(self.expected[labelled].mean()) + self._correction, 0.0)
        half = normal_quantile(self.level) * mean_error(loss, in_order=self._in_order)
        seen = float(loss.mean())
        beyond = loss - self.expected[labelled]
        own = mean_error(beyond, in_order=self._in_order) ** 2
        learnt = summed_error(self._weights * self._residual, in_order=self._in_order) ** 2
        error = (own + learnt) ** 0.5 * normal_quantile(self.level)
        base, promised = _root(before, self.metric), _root(due, self.metric)
        ends = [(_root(seen + e, self.metric) - promised) / base for e in (-error, 0.0, error)]
        steep = self._slope(seen) / base
        return replace(
            found,
            lacks=(
                LookEstimate(0.0, learnt * steep**2),
                LookEstimate(ends[1], own * steep**2),
            ),
            realised=Estimate(
                _root(seen, self.metric),
                make_interval(
                    _root(seen - half, self.metric), _root(seen + half, self.metric), self.level
                ),
            ),
            shortfall=Estimate(ends[1], make_interval(ends[0], ends[2], self.level)),
        )

    def _slope(self, loss: float) -> float:
        """By how much the metric changes as the mean loss does."""
        if _POWERS[self.metric] == 1:
            return 1.0
        return 0.5 / loss**0.5 if loss > 0 else float("nan")


def _root(loss: float, metric: EstimableMetric) -> float:
    """The metric of a mean loss; below 0 there is none."""
    undo: Callable[[float], float] = np.sqrt if _POWERS[metric] == 2 else float
    return float(undo(max(loss, 0.0)))


def _with_prediction(features: Floats, scored: ScoredAmounts) -> Floats:
    return np.column_stack([features, scored.prediction])
