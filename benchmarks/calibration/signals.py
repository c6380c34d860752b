"""Outcomes that a rule tells with a known ROC AUC, on columns of several shapes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd

from assay.gates.statistics.auc import roc_auc
from benchmarks.calibration.models import sigmoid

SHARE = 0.3  # of positives
_TRIED = 100_000  # rows by which the strength of a rule is set

Made = tuple[pd.DataFrame, np.ndarray]  # columns, and what the rule makes of them


def linear(rows: int, rng: np.random.Generator) -> Made:
    """ten numbers, of which two bear on the outcome"""
    x = rng.normal(size=(rows, 10))
    return _numbers(x), x[:, 0] + x[:, 1]


def wide(rows: int, rng: np.random.Generator) -> Made:
    """fifty numbers, of which eight bear on it"""
    x = rng.normal(size=(rows, 50))
    return _numbers(x), x[:, :8].sum(axis=1)


def categories(rows: int, rng: np.random.Generator) -> Made:
    """five texts of twelve values each, of which two bear on it"""
    codes = rng.integers(0, 12, (rows, 5))
    worth = np.random.default_rng(0).normal(size=(2, 12))
    frame = pd.DataFrame({f"k{i}": np.char.add("v", c.astype(str)) for i, c in enumerate(codes.T)})
    return frame, worth[0][codes[:, 0]] + worth[1][codes[:, 1]]


def product(rows: int, rng: np.random.Generator) -> Made:
    """ten numbers, of which the product of two bears on it"""
    x = rng.normal(size=(rows, 10))
    return _numbers(x), x[:, 0] * x[:, 1]


SHAPES: dict[str, Callable[[int, np.random.Generator], Made]] = {
    made.__name__: made for made in (linear, wide, categories, product)
}


def told_outcome(shape: str, area: float, rows: int, seed: int) -> pd.DataFrame:
    """Columns of a shape and an outcome `y`, which who knows the rule tells with this ROC AUC."""
    rng = np.random.default_rng([seed, rows, round(100 * area)])
    frame, score = SHAPES[shape](rows, rng)
    strength, shift = _rule(shape, area)
    yes = rng.random(rows) < sigmoid(strength * score + shift)
    return frame.assign(y=np.where(yes, "yes", "no"))


@cache
def _rule(shape: str, area: float) -> tuple[float, float]:
    """Strength and intercept that give the ROC AUC and the share of positives."""
    from scipy.optimize import brentq

    rng = np.random.default_rng(1)
    score, chance = SHAPES[shape](_TRIED, rng)[1], rng.random(_TRIED)

    def shift(strength: float) -> float:
        return float(brentq(lambda b: sigmoid(strength * score + b).mean() - SHARE, -1e3, 1e3))

    def lack(strength: float) -> float:
        yes = chance < sigmoid(strength * score + shift(strength))
        return roc_auc(yes, score).value - area

    if area == 0.5:
        return 0.0, shift(0.0)
    strength = float(brentq(lack, 1e-3, 60, xtol=1e-3))
    return strength, shift(strength)


def _numbers(x: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(x, columns=[f"x{i}" for i in range(x.shape[1])])
