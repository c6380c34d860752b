"""One score of several sets of answers to the same rows, with how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.config.gates import ErrorCosts, PerformanceMetric
from assay.gates.feasibility.data import FeasibilityData
from assay.gates.statistics.auc import delong_covariance
from assay.gates.statistics.auc_clusters import clustered_covariance, clustered_delong_covariance
from assay.gates.statistics.intervals import Bools, Floats, normal_quantile
from assay.gates.statistics.proportions import wilson_limits
from assay.learning.scores import compute_score, cost_threshold
from assay.util.sorted_arrays import sorted_unique

DRAWS = 200
MAX_BOOTSTRAP_UNITS = 20_000  # a bootstrap of so many is as telling, and bounded in time
MIN_PROBABILITY = (
    1e-6  # no probability is nearer to certainty: a single row would have an infinite loss
)


@dataclass(frozen=True, slots=True)
class ScoreEstimates:
    """`values` (k,) of one score and their `covariance` (k, k) over the rows.

    `unseen_share`: the share that errors of a kind may have of which none was seen.
    """

    values: Floats
    covariance: Floats
    unseen_share: float

    @property
    def last(self) -> float:
        """The last of the values: that of the learner with most rows."""
        return float(self.values[-1])

    def limits(self, index: int = -1) -> tuple[float, float]:
        """The 95 % interval of one of them: normal, or where no two rows differed, as wide as
        what was not seen may be."""
        value = float(self.values[index])
        variance = float(self.covariance[index, index])
        if not variance > 0:
            return value - self.unseen_share, value + self.unseen_share
        half = normal_quantile(0.95) * float(np.sqrt(variance))
        return value - half, value + half


def estimate_scores(
    data: FeasibilityData, name: PerformanceMetric, probabilities: Floats
) -> ScoreEstimates:
    """`name` of each of `probabilities` (k, rows), probabilities of the positive class.

    The covariance of ROC AUC is DeLong's, that of a mean the rows' own, both of entities where
    these have several rows; of other scores it comes from 200 bootstraps of at most 20,000
    entities. Rows count for as many as they stand for.
    """
    truth, units = data.labels, data.clusters
    cost = data.use_case.performance.cost
    counts = [len(sorted_unique(data.entities[truth == side])) for side in (True, False)]
    unseen = float(wilson_limits(0, min(counts))[1])
    clipped = np.clip(probabilities, MIN_PROBABILITY, 1 - MIN_PROBABILITY)
    if name == "roc_auc":
        found = (
            delong_covariance(truth, clipped)
            if units is None
            else clustered_delong_covariance(truth, clipped, units)
        )
        return ScoreEstimates(*found, unseen)
    values = _row_values(name, truth, clipped, cost)
    if values is None:
        return ScoreEstimates(*_bootstrap(data, name, clipped, cost), unseen)
    weights = np.ones(len(truth)) if data.weights is None else data.weights
    means = values @ weights / weights.sum()
    influence = (values - means[:, None]) * weights / weights.sum()
    return ScoreEstimates(means, clustered_covariance(influence, data.entities), unseen)


def _row_values(
    name: PerformanceMetric, truth: Bools, probabilities: Floats, cost: ErrorCosts
) -> Floats | None:
    """(k, rows) of what the score is the mean of; None if it is the mean of nothing."""
    right = (probabilities >= cost_threshold(cost)) == truth
    if name == "accuracy":
        return np.asarray(right, dtype=float)
    if name == "brier":
        return np.asarray((probabilities - truth) ** 2)
    if name == "log_loss":
        return np.asarray(-np.log(np.where(truth, probabilities, 1 - probabilities)))
    if name == "cost":
        return np.asarray(~right * np.where(truth, cost.false_negative, cost.false_positive))
    return None


def _bootstrap(
    data: FeasibilityData, name: PerformanceMetric, probabilities: Floats, cost: ErrorCosts
) -> tuple[Floats, Floats]:
    """Of whole entities."""
    rng, limit = np.random.default_rng(data.seed), cost_threshold(cost)
    order = np.argsort(data.entities, kind="stable")
    counts = np.bincount(data.entities)
    starts, total = np.cumsum(counts) - counts, len(counts)

    def of(rows: np.ndarray) -> list[float]:
        truth = data.labels[rows]
        if truth.all() or not truth.any():
            return [float("nan")] * len(probabilities)
        weights = None if data.weights is None else data.weights[rows]
        return [
            compute_score(name, truth, a[rows], a[rows] >= limit, cost, weights=weights)
            for a in probabilities
        ]

    def rows_of(units: np.ndarray) -> np.ndarray:
        sizes = counts[units]
        within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        return np.asarray(order[np.repeat(starts[units], sizes) + within])

    some = rng.choice(total, min(total, MAX_BOOTSTRAP_UNITS), replace=False)
    drawn = np.array([of(rows_of(rng.choice(some, len(some)))) for _ in range(DRAWS)])
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    covariance = np.atleast_2d(np.cov(drawn.T)) * len(some) / total
    return np.array(of(np.arange(len(data.labels)))), covariance
