"""Intervals that hold a share of outcomes, from residuals out of fold.

A row's residual is divided by the size that the spread model expects of it. Of these scaled
residuals two quantiles are taken, one for each tail, each by the finite-sample rule of split
conformal prediction, so that misses do not pile up on one side. An interval is the prediction plus
the row's expected size times the quantiles. Coverage holds overall, of rows like the training rows;
of groups the spread model takes care only as far as it can tell them.

Sources: Lei, G'Sell, Rinaldo, Tibshirani and Wasserman, "Distribution-free predictive inference for
regression", JASA 113, 2018 (section 5.2, locally weighted); Barber, Candes, Ramdas and Tibshirani,
"Predictive inference with the jackknife+", Annals of Statistics 49, 2021 (residuals out of fold).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor

from assay.config.gates import Performance
from assay.errors import DataError
from assay.gates.statistics.weighted_quantiles import (
    weighted_order_statistic,
    weighted_quantile,
)
from assay.problems.regression.scale import from_learning_scale, smearing_factor
from assay.problems.regression.spread_model import SpreadFeatures, fit_spread, predict_spread

_ROUNDING = 1e-9  # .05 * 20 is a hair below 1


@dataclass(frozen=True)
class AnswerRule:
    """From a pipeline's value and the spread of a row to the delivered amount and interval.

    `low`, `high` and `centre` are in units of the spread, on the learning scale; without a `centre`
    the amount is the value itself, times `smearing`.
    """

    low: float
    high: float
    centre: float | None
    smearing: float
    log: bool

    def answer(self, values: np.ndarray, spread: np.ndarray) -> dict[str, np.ndarray]:
        """The columns prediction, low and high, float64 in the target's unit."""
        low, high = values + spread * self.low, values + spread * self.high
        if self.centre is None:
            prediction = from_learning_scale(values, self.log) * self.smearing
        else:
            prediction = from_learning_scale(values + spread * self.centre, self.log)
        return {
            "prediction": prediction,
            "low": from_learning_scale(low, self.log),
            "high": from_learning_scale(high, self.log),
        }


def centre_quantile(performance: Performance) -> float | None:
    """The quantile that costs least where errors of one side cost more; None for the mean."""
    cost = performance.unit_cost
    return None if cost.too_low == cost.too_high else cost.quantile


def _coverage_remedy(rows: int, needed: int) -> str:
    """The line that these rows bear, and how many more the asked coverage takes."""
    largest = math.floor(1000 * (1 - 2 / (rows + 1)) + _ROUNDING) / 1000
    line = f"Write `coverage: {largest:g}` or less under performance" if largest > 0 else ""
    more = f"bring at least {needed - rows:,} more training rows"
    return f"{line}, or {more}." if line else f"{more[0].upper()}{more[1:]}."


def learn_rule(
    residuals: np.ndarray,
    spread: np.ndarray,
    performance: Performance,
    log: bool,
    weights: np.ndarray | None = None,
) -> AnswerRule:
    """The rule from residuals out of fold (on the learning scale) and their expected sizes.

    The ends are the k-th smallest and k-th largest scaled residual, k = floor((1 - coverage) / 2
    (n + 1)): each tail misses at most its half in expectation. Raises DataError where the rows are
    too few for any such k. Of rows with `weights` (1 on average, or counts) the ends are weighted
    quantiles, the row to be answered counting for one: Tibshirani, Barber, Candes and Ramdas,
    "Conformal prediction under covariate shift", NeurIPS 2019.
    """
    scaled, rows = residuals / spread, len(residuals)
    half = (1 - performance.coverage) / 2
    ends = _tails(scaled, half, weights)
    if ends is None:
        needed = math.ceil(1 / half - _ROUNDING) - 1
        raise DataError(
            f"an interval that holds {performance.coverage:g} of outcomes needs {needed:,} training"
            f" rows that a fold held out, and there are {rows:,}",
            where="performance.coverage",
            remedy=_coverage_remedy(rows, needed),
        )
    centre = centre_quantile(performance)
    return AnswerRule(
        low=ends[0],
        high=ends[1],
        centre=None if centre is None else weighted_quantile(scaled, centre, weights),
        smearing=smearing_factor(residuals, log, weights),
        log=log,
    )


def _tails(
    scaled: np.ndarray, half: float, weights: np.ndarray | None
) -> tuple[float, float] | None:
    """The ends that each leave out `half`; None where the rows are too few."""
    if weights is None:
        ordered = np.sort(scaled)
        place = math.floor(half * (len(ordered) + 1) + _ROUNDING)
        return None if place < 1 else (float(ordered[place - 1]), float(ordered[-place]))
    reached = (1 - half) * (float(weights.sum()) + 1)
    high = weighted_order_statistic(scaled, weights, reached)
    low = weighted_order_statistic(-scaled, weights, reached)
    return None if low is None or high is None else (-low, high)


@dataclass(frozen=True)
class HeldOutRows:
    """The training rows that a fold held out: features, a pipeline's values out of fold and the
    outcomes (both on the learning scale), each row's fold, and how much it counts.
    """

    rows: pd.DataFrame
    predicted: np.ndarray
    outcomes: np.ndarray
    fold: np.ndarray
    weights: np.ndarray | None = None

    def weights_of(self, rows: np.ndarray) -> np.ndarray | None:
        """The weights of some rows (bool); None where all count alike."""
        return None if self.weights is None else self.weights[rows]

    @property
    def residuals(self) -> np.ndarray:
        found: np.ndarray = self.outcomes - self.predicted
        return found


@dataclass(frozen=True)
class LearntIntervals:
    """What is served (`features`, `spread_model`, `rule`), and the same out of fold: `frame` with
    the columns prediction, low and high, one row a held-out row.
    """

    features: SpreadFeatures
    spread_model: HistGradientBoostingRegressor | None
    rule: AnswerRule
    frame: pd.DataFrame


def learn_intervals(
    held: HeldOutRows, performance: Performance, *, log: bool, seed: int
) -> LearntIntervals:
    """Learn spread and quantiles, for service and out of fold.

    Out of fold, a row's answer rests on other folds alone: the spread model that widens its
    interval and the scaled residuals whose quantiles end it are theirs. What remains is that those
    residuals were scaled by models which saw this row's. The served quantiles are of residuals that
    were scaled by models not fitted to them, else they would be too narrow.
    """
    features = SpreadFeatures(held.rows)
    encoded = features.encode(held.rows, held.predicted)
    sizes = np.abs(held.residuals)
    if (mean := np.average(sizes, weights=held.weights)) > 0:
        sizes /= mean  # the unit cancels, and a gamma loss needs no tiny numbers
    spread = np.ones(len(sizes))
    for inside in _folds(held.fold):
        model = fit_spread(
            encoded[~inside],
            sizes[~inside],
            features.categories,
            seed,
            weights=held.weights_of(~inside),
        )
        spread[inside] = predict_spread(model, encoded[inside])
    columns = {name: np.empty(len(sizes)) for name in ("prediction", "low", "high")}
    for inside in _folds(held.fold):
        rule = learn_rule(
            held.residuals[~inside], spread[~inside], performance, log, held.weights_of(~inside)
        )
        for name, answers in rule.answer(held.predicted[inside], spread[inside]).items():
            columns[name][inside] = answers
    return LearntIntervals(
        features,
        fit_spread(encoded, sizes, features.categories, seed, weights=held.weights),
        learn_rule(held.residuals, spread, performance, log, held.weights),
        pd.DataFrame(columns),
    )


def _folds(fold: np.ndarray) -> Iterator[np.ndarray]:
    """For each fold, which rows are in it."""
    yield from (fold == number for number in np.unique(fold))
