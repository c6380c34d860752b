"""Learning curves as power laws: the score of n rows is a + b n^-c."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from assay.gates.statistics.intervals import Floats

# Learning curves were found to have exponents of about 0.1 to 1 (Hestness and others, 2017;
# Viering & Loog 2023). A flatter law has no asymptote that data could show.
EXPONENTS = np.geomspace(0.1, 2.0, 192)


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """a + b n^-c with b <= 0, so that more rows are never worse; arrays with one entry a draw."""

    a: Floats
    b: Floats
    c: Floats

    def scores_at(self, rows: ArrayLike) -> Floats:
        """Scores at `rows` (k,), shape (draws, k)."""
        n = np.atleast_1d(np.asarray(rows, dtype=float))
        return np.asarray(self.a[:, None] + self.b[:, None] * n ** -self.c[:, None])

    def rows_for(self, goal: float) -> Floats:
        """Rows at which the law reaches `goal`, shape (draws,); infinite if it never does."""
        room = self.a - goal
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            rows = np.where(room > 0, (-self.b / room) ** (1 / self.c), np.inf)
        return np.asarray(rows, dtype=float)


def fit_power_law(rows: ArrayLike, scores: ArrayLike) -> PowerLaw:
    """Fit a law to each row of `scores` (draws, k), measured with `rows` (k,) rows.

    Weighted least squares: a score of few rows depends more on the choice of rows, so a squared
    error is weighted by the root of its rows. For each exponent, a and b have a closed form
    (variable projection: Golub & Pereyra, SIAM J. Numer. Anal. 10, 1973); the best exponent of
    a grid is taken. Viering & Loog, IEEE TPAMI 45 (2023) 7799, on the form. Raises ValueError
    for fewer than three sizes.
    """
    n, y = np.asarray(rows, dtype=float), np.atleast_2d(np.asarray(scores, dtype=float))
    if len(n) < 3:
        raise ValueError("a power law has three parameters, so it takes three sizes")
    weight = np.sqrt(n / n.max())
    fits = [_fit_line(n**-c, y, weight) for c in EXPONENTS]
    best = np.argmin([error for _, _, error in fits], axis=0)
    a, b = (np.array([fit[i] for fit in fits])[best, np.arange(len(y))] for i in (0, 1))
    return PowerLaw(a=a, b=b, c=EXPONENTS[best])


def _fit_line(x: Floats, y: Floats, weight: Floats) -> tuple[Floats, Floats, Floats]:
    """Weighted least squares of y (draws, k) on x (k,) with a slope of at most zero."""
    share = weight / weight.sum()
    x_mean, y_mean = share @ x, y @ share
    slope = ((y - y_mean[:, None]) * (x - x_mean)) @ share / ((x - x_mean) ** 2 @ share)
    slope = np.minimum(slope, 0.0)
    start = y_mean - slope * x_mean
    error = (y - start[:, None] - slope[:, None] * x) ** 2 @ share
    return start, slope, error
