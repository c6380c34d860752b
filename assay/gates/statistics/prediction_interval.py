"""Prediction limit for the next of several distances."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def next_distance_limit(distances: ArrayLike, level: float = 0.95) -> float:
    """Upper limit of the next of several distances, such as of ROC AUCs from one half.

    Exceeded with a probability of about (1 - level) / 2; NaN for fewer than two distances.
    Student's prediction interval (Meeker, Hahn & Escobar, Statistical Intervals, 2017, section
    4.7) on the cube root of the squares. Squared distances vary like a chi-square with any degrees
    of freedom, whose cube root is nearly normal (Wilson & Hilferty, PNAS 17, 1931). Distances that
    noise makes negative keep their sign.
    """
    from scipy.stats import t

    d = np.asarray(distances, dtype=float)
    if len(d) < 2:
        return float("nan")
    roots = np.sign(d) * np.abs(d) ** (2 / 3)
    half = t.ppf((1 + level) / 2, len(d) - 1) * roots.std(ddof=1) * np.sqrt(1 + 1 / len(d))
    return float(max(roots.mean() + half, 0.0) ** 1.5)
