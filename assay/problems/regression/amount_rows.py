"""Rows whose outcome is an amount, and what a quick learner answers to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assay.config.data import Target
from assay.config.gates import PerformanceMetric
from assay.dataset.target import no_label_error
from assay.errors import DataError
from assay.gates.feasibility.all_rows import OutcomeReading
from assay.gates.feasibility.score_estimates import ScoreEstimates
from assay.gates.statistics.intervals import Bools, Floats
from assay.problems.feasibility.question_rows import QuestionRows, boosting_size
from assay.problems.regression.outcomes import require_spread
from assay.problems.regression.quick_scores import constant_score, estimate_amount_scores
from assay.tables.columns import MAX_NUMBER

MEAN, MEDIAN, QUANTILE = "mean", "median", "quantile"
_AIMS = {
    "mae": MEDIAN,
    "median_absolute_error": MEDIAN,
    "pinball_loss": QUANTILE,
    "cost": QUANTILE,
}
_LOSSES = {MEAN: "squared_error", MEDIAN: "absolute_error", QUANTILE: "quantile"}


@dataclass(frozen=True)
class AmountRows(QuestionRows):
    """Amounts in the target's unit; under `log` the learner sees their logarithms."""

    @property
    def relative_cost(self) -> int:
        return 1

    @property
    def signal_targets(self) -> Floats:
        """The amounts, or their logarithms, in one column."""
        return self._learned(self.labels)[:, None]

    def sample_rows(self, max_rows: int) -> np.ndarray:
        return sample_evenly(self.truth, max_rows, self.seed)

    def answer_kind(self, name: PerformanceMetric) -> str:
        return _AIMS.get(name, MEAN)

    def estimate(self, name: PerformanceMetric, answers: Floats) -> ScoreEstimates:
        cost = self.use_case.performance.unit_cost
        return estimate_amount_scores(name, self.labels, answers, cost, self.entities)

    def score_unit(self, name: PerformanceMetric) -> float | None:
        if name == "r2":
            return None
        return constant_score(name, self.labels, self.use_case.performance.unit_cost)

    def fit_predict(
        self,
        training_mask: Bools,
        holdout_mask: Bools,
        *,
        kind: str = MEAN,
        excluded_columns: tuple[str, ...] = (),
    ) -> Floats:
        """Amounts (rows,): the mean, the median or the quantile that costs least."""
        from sklearn.ensemble import HistGradientBoostingRegressor

        kind = kind or MEAN
        seen = self.seen_columns(excluded_columns)
        wanted = self._learned(self.labels[training_mask])
        if len(np.unique(wanted)) < 2 or not seen.any():
            share = self.use_case.performance.unit_cost.quantile
            amounts = self.labels[training_mask]
            base = {MEAN: np.mean(amounts), MEDIAN: np.median(amounts)}
            value = base[kind] if kind in base else np.quantile(amounts, share)
            return np.full(int(holdout_mask.sum()), float(value))
        size = boosting_size(int(seen.sum()))
        learner = HistGradientBoostingRegressor(
            loss=_LOSSES[kind],
            quantile=self.use_case.performance.unit_cost.quantile if kind == QUANTILE else None,
            max_iter=size.rounds,
            learning_rate=size.learning_rate,
            max_bins=size.max_bins,
            max_leaf_nodes=15,
            min_samples_leaf=10,
            l2_regularization=1.0,
            early_stopping=False,
            categorical_features=self.encoded_features.is_categorical[seen],
            random_state=self.seed,
        )
        # Standardised, so that the penalty is the same whatever the unit.
        centre, spread = float(wanted.mean()), float(wanted.std())
        matrix = self.encoded_features.matrix
        matrix = matrix if seen.all() else matrix[:, seen]
        learner.fit(matrix[training_mask], (wanted - centre) / spread)
        found = centre + spread * learner.predict(matrix[holdout_mask])
        if not self.use_case.data.target.log:
            return np.asarray(found)
        if kind != MEAN:
            return np.asarray(np.exp(found))
        fitted = centre + spread * learner.predict(matrix[training_mask])
        # Duan's smearing, JASA 78 (1983): the mean of what the exponential does to the errors.
        return np.asarray(np.exp(found) * np.exp(wanted - fitted).mean())

    def row_losses(self, answers: Floats) -> Floats:
        """Squared errors over the variance: their mean is 1 minus R2."""
        return np.asarray((answers - self.labels) ** 2 / self.labels.var())

    def outcome_masks(self) -> dict[str, Bools]:
        return {"an amount above the median": self.truth > np.median(self.truth)}

    def residuals(self, answers: Floats) -> Floats:
        return super().residuals(self._learned(answers))

    def _learned(self, amounts: Floats) -> Floats:
        return np.log(amounts) if self.use_case.data.target.log else amounts


def sample_evenly(truth: np.ndarray, max_rows: int, seed: int) -> np.ndarray:
    """Numbers of `max_rows` rows at random, or of all."""
    if len(truth) <= max_rows:
        return np.arange(len(truth))
    rng = np.random.default_rng(seed)
    return np.sort(rng.choice(len(truth), max_rows, replace=False))


def read_amounts(column: pa.ChunkedArray, target: Target) -> tuple[Bools, Floats]:
    """Which rows have an amount; the amounts of these. Raises DataError for what is no amount."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    labelled: Bools = ~np.asarray(pc.is_null(column, nan_is_null=True).to_numpy())
    if not labelled.any():
        raise no_label_error(target)
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise DataError(
            f"{target.column!r} holds {kind} values, and `unit` asks for amounts",
            remedy="Name the outcomes under data.target.classes, or read the column as numbers"
            " (data.types, source.decimal).",
        )
    known = column.filter(pa.array(labelled)).cast(pa.float64(), safe=False)
    amounts: Floats = known.to_numpy()
    odd = int((~np.isfinite(amounts) | (np.abs(amounts) > MAX_NUMBER)).sum())
    if odd:
        raise DataError(
            f"{odd:,} of {len(amounts):,} amounts in {target.column!r} are infinite or too large",
            remedy="Mend the source, or leave such rows out (data.where).",
        )
    if np.ptp(amounts) == 0:
        raise DataError(
            f"every row has {amounts[0]:g} in {target.column!r}: there is nothing to predict",
            remedy="Add rows with other amounts, or choose another target.",
        )
    require_spread(amounts, target)
    if target.log and (low := int((amounts <= 0).sum())):
        raise DataError(
            f"{low:,} of {len(amounts):,} amounts in {target.column!r} are 0 or below, the least"
            f" {amounts.min():g}; `log: true` needs amounts above 0",
            remedy="Take `log` out of data.target, or leave such rows out"
            f" (data.where: {target.column} > 0).",
        )
    return labelled, amounts


AMOUNTS = OutcomeReading(read_amounts, sample_evenly)
