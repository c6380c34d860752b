"""How far from nothing the next value may lie, from a few of its kind."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def next_distance_limit(distances: ArrayLike, level: float = 0.95) -> float:
    """Upper limit of the next of several distances, such as those of areas under ROC curves from
    one half. Exceeded with a probability of about (1 - level) / 2; NaN for fewer than two.

    Student's prediction interval (Meeker, Hahn & Escobar, Statistical Intervals, 2017, section
    4.7) on the cube root of the squares. Squared distances vary as a chi-square does, whatever
    its degrees of freedom, and its cube root is nearly normal (Wilson & Hilferty, PNAS 17, 1931).
    Where noise makes some distances negative, these keep their sign.
    """
    from scipy.stats import t

    d = np.asarray(distances, dtype=float)
    if len(d) < 2:
        return float("nan")
    roots = np.sign(d) * np.abs(d) ** (2 / 3)
    half = t.ppf((1 + level) / 2, len(d) - 1) * roots.std(ddof=1) * np.sqrt(1 + 1 / len(d))
    return float(max(roots.mean() + half, 0.0) ** 1.5)
