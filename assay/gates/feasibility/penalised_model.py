"""A penalised logistic regression: its effective parameters, calibration and uncertainty of risks.

Stands for what will be trained: with the strengths C of the use case's own logistic regressions,
or the best of a few. Trees and networks have no effective parameters in this sense.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from assay.config.use_case import UseCase
from assay.gates.report import Interval
from assay.gates.statistics.intervals import Bools, Floats, make_interval, normal_quantile

STRENGTHS = (0.001, 0.01, 0.1, 1.0)  # scikit-learn's C, where no candidate names any
FOLDS = 5
MAX_ODDS = 30.0  # log odds beyond which a probability is 0 or 1 to the last digit


@dataclass(frozen=True, slots=True)
class PenalisedModel:
    """`effective_parameters`: the trace of (X'WX + I/C)^-1 X'WX, the penalty off the intercept.

    `slope` is that of calibration, out of fold, with its 95 % interval: below 1 where predictions
    are too extreme. `r2` is Cox and Snell's, out of fold. `risk_widths` (rows,) are those of the
    95 % intervals of each row's risk.
    """

    strength: float
    r2: float
    effective_parameters: float
    slope: float
    slope_interval: Interval
    risk_widths: Floats


def logistic_strengths(use_case: UseCase) -> tuple[float, ...]:
    """The values of C that the use case's logistic regressions may have; else a few of our own."""
    found: list[float] = []
    for candidate in use_case.candidates:
        if candidate.estimator.rpartition(".")[2] != "LogisticRegression":
            continue
        named = candidate.search.get("C") or (candidate.params.get("C", 1.0),)
        found += [float(c) for c in named if isinstance(c, int | float) and 0 < c < np.inf]
    return tuple(dict.fromkeys(found)) or STRENGTHS


def fit_penalised_model(
    columns: Floats,
    labels: Bools,
    *,
    strengths: Sequence[float],
    rows: float,
    share: float,
    seed: int,
) -> PenalisedModel:
    """The model whose C has the least log loss in cross-validation, as if there were `rows` rows.

    `columns` (rows, columns) are standardised. With fewer rows at hand than `rows` the penalty is
    weakened and the information increased in proportion. `share`: of positives among all rows,
    where a rare class is sampled more densely; risks are those of all rows.
    """
    more = rows / len(labels)
    folds = _stratified_folds(labels, seed)
    odds = {c: _odds_out_of_fold(columns, labels, folds, c * more) for c in strengths}
    best = min(strengths, key=lambda c: _log_loss(odds[c], labels))
    slope, error = _calibration_slope(odds[best], labels)
    half = normal_quantile(0.95) * error / np.sqrt(more)
    fitted = _fit(columns, labels, best * more)
    shift = float(np.log(share / (1 - share)) - np.log(labels.mean() / (1 - labels.mean())))
    odds_of_all = fitted.decision_function(columns) + shift
    effective, widths = _uncertainty(columns, odds_of_all, best, more)
    return PenalisedModel(
        strength=best,
        r2=1 - float(np.exp(2 * (_log_loss(odds[best], labels) - _null_loss(labels)))),
        effective_parameters=effective,
        slope=slope,
        slope_interval=make_interval(slope - half, slope + half, 0.95),
        risk_widths=widths,
    )


def _stratified_folds(labels: Bools, seed: int) -> np.ndarray:
    order = np.lexsort((np.random.default_rng(seed).random(len(labels)), labels))
    folds = np.empty(len(labels), dtype=np.int64)
    folds[order] = np.arange(len(labels)) % FOLDS
    return folds


def _fit(columns: Floats, labels: Bools, strength: float):  # type: ignore[no-untyped-def]
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, tol=1e-3, max_iter=500).fit(columns, labels)


def _odds_out_of_fold(columns: Floats, labels: Bools, folds: np.ndarray, strength: float) -> Floats:
    found = np.empty(len(labels))
    for fold in range(FOLDS):
        held = folds == fold
        found[held] = _fit(columns[~held], labels[~held], strength).decision_function(columns[held])
    return np.clip(found, -MAX_ODDS, MAX_ODDS)


def _log_loss(odds: Floats, labels: Bools) -> float:
    return float(np.logaddexp(0, np.where(labels, -odds, odds)).mean())


def _null_loss(labels: Bools) -> float:
    share = float(labels.mean())
    return -share * float(np.log(share)) - (1 - share) * float(np.log(1 - share))


def _calibration_slope(odds: Floats, labels: Bools) -> tuple[float, float]:
    """The slope of the labels' log odds on `odds`, and its standard error; 0 and infinite where
    the odds do not vary."""
    if odds.std() < 1e-6:
        return 0.0, float("inf")
    fitted = _fit(odds[:, None], labels, 1e6)
    p = _probability(fitted.decision_function(odds[:, None]))
    design = np.column_stack([np.ones(len(odds)), odds])
    information = design.T @ (design * (p * (1 - p))[:, None])
    return float(fitted.coef_[0, 0]), float(np.sqrt(np.linalg.pinv(information)[1, 1]))


def _uncertainty(
    columns: Floats, odds: ArrayLike, strength: float, row_ratio: float
) -> tuple[float, Floats]:
    """Effective parameters, and the width of each row's 95 % interval of risk.

    By the sandwich (X'WX + I/C)^-1 X'WX (X'WX + I/C)^-1, in the directions of a singular value
    decomposition; beside it the intercept's own variance.
    """
    log_odds = np.clip(np.asarray(odds, dtype=float), -MAX_ODDS, MAX_ODDS)
    weight = _probability(log_odds) * (1 - _probability(log_odds)) * row_ratio
    total = max(float(weight.sum()), 1e-12)
    centred = columns - (weight / total) @ columns
    _, singular, directions = np.linalg.svd(centred * np.sqrt(weight)[:, None], full_matrices=False)
    information, penalty = singular**2, 1 / strength
    effective = float((information / (information + penalty)).sum())
    spread = information / (information + penalty) ** 2
    variance = (centred @ directions.T) ** 2 @ spread + 1 / total
    half = normal_quantile(0.95) * np.sqrt(variance)
    return effective, _probability(log_odds + half) - _probability(log_odds - half)


def _probability(odds: ArrayLike) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(np.asarray(odds, dtype=float), -500, 500))))
