"""The scale on which amounts are learnt: their own, or under `log` that of their logarithms."""

from __future__ import annotations

import numpy as np


def to_learning_scale(amounts: np.ndarray, log: bool) -> np.ndarray:
    """Amounts on the scale that a pipeline learns."""
    return np.log(amounts) if log else amounts


def from_learning_scale(values: np.ndarray, log: bool) -> np.ndarray:
    """Back to the target's unit; what is beyond any number becomes infinite."""
    if not log:
        return values
    with np.errstate(over="ignore"):
        amounts: np.ndarray = np.exp(values)
    return amounts


def smearing_factor(residuals: np.ndarray, log: bool, weights: np.ndarray | None = None) -> float:
    """By what the exponential of a mean logarithm must be multiplied to be a mean amount: the mean
    exponential of the `residuals` (of the logarithm, out of fold), which count for `weights` rows
    each or for one. 1 without `log`.

    Source: Duan, "Smearing estimate: a nonparametric retransformation method", JASA 78, 1983.
    """
    return float(np.average(np.exp(residuals), weights=weights)) if log else 1.0
