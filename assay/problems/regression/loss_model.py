"""A model of the loss: how large errors are at which features and prediction.

Poisson with a log link: its mean over the rows it was fitted to is theirs, and it stays above 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from assay.gates.drift.feature_rows import shuffled_order
from assay.gates.statistics.intervals import Floats
from assay.tables.distribution import Integers

_FOLDS: Final = 3
_SIZES: Final = ((0.1, 40), (0.1, 100), (0.05, 300))  # learning rate, trees


@dataclass(frozen=True, eq=False)
class LossModel:
    """Expects one loss (the error to a `power`), learnt from encoded features and prediction.

    `size`: learning rate and trees. `out_of_fold`: what models that did not see them expect of the
    reference's rows, (rows,), and `loss` what these had. `scale` is the mean loss.
    """

    power: int
    size: tuple[float, int]
    loss: Floats
    out_of_fold: Floats
    scale: float
    model: Any

    def expect(self, rows: Floats) -> Floats:
        """The expected loss of encoded rows, (rows,)."""
        if self.model is None:
            return np.zeros(len(rows))
        found: Floats = self.model.predict(rows) * self.scale
        return found

    @property
    def residual(self) -> Floats:
        return self.loss - self.out_of_fold


def fit_loss_model(
    rows: Floats, errors: Floats, power: int, categorical: Sequence[bool], seed: int
) -> LossModel:
    """Learn from encoded reference rows, (rows, columns). The order of rows does not matter.

    One thread: other processes may share the processors. The loss is fitted in units of its mean,
    so that the target's unit does not matter either.
    """
    from threadpoolctl import threadpool_limits

    loss = np.abs(errors) ** power
    scale = float(loss.mean())
    if scale == 0:
        return LossModel(power, _SIZES[0], loss, np.zeros(len(loss)), 0.0, None)
    order = shuffled_order(np.column_stack([rows, errors]))
    x, y = rows[order], loss[order] / scale
    fold = np.arange(len(y)) % _FOLDS
    with threadpool_limits(1):
        tried = _cross_validate(x, y, fold, categorical, seed)
        size = min(tried, key=lambda one: _poisson_deviance(y, tried[one]))
        model = _learner(size, categorical, seed).fit(x, y)
    held = np.empty(len(y))
    held[order] = tried[size] * scale
    return LossModel(power, size, loss, held, scale, model)


def _cross_validate(
    x: Floats, y: Floats, fold: Integers, categorical: Sequence[bool], seed: int
) -> dict[tuple[float, int], Floats]:
    """Out-of-fold expectations by size. Sizes of one learning rate are stages of one fit."""
    tried = {size: np.empty(len(y)) for size in _SIZES}
    for number in range(_FOLDS):
        held = fold == number
        for rate in dict.fromkeys(rate for rate, _ in _SIZES):
            stages = {trees for other, trees in _SIZES if other == rate}
            learner = _learner((rate, max(stages)), categorical, seed).fit(x[~held], y[~held])
            for trees, expected in enumerate(learner.staged_predict(x[held]), start=1):
                if trees in stages:
                    tried[rate, trees][held] = expected
    return tried


def _learner(size: tuple[float, int], categorical: Sequence[bool], seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    rate, trees = size
    return HistGradientBoostingRegressor(
        loss="poisson",
        learning_rate=rate,
        max_iter=trees,
        max_leaf_nodes=15,
        min_samples_leaf=100,
        early_stopping=False,
        categorical_features=list(categorical),
        random_state=seed,
    )


def _poisson_deviance(loss: Floats, expected: Floats) -> float:
    from scipy.special import xlogy

    return float(np.mean(xlogy(loss, loss / expected) - loss + expected))
