"""How much rows of unequal weight tell: Kish's design effect and effective sample size.

Kish, Survey Sampling (1965), section 11.7: of n rows with weights w, as much is known of a mean
as from (sum w)^2 / sum w^2 rows of equal weight, if weights and values are unrelated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from assay.gates.report import Measurement

TOP_SHARE = 0.01  # of the rows: how much of all weight the heaviest of them carry is told


@dataclass(frozen=True, slots=True)
class WeightSpread:
    """`rows` and how many equal ones they are worth; `top`: the share of all weight that the
    heaviest 1 % of the rows carry, at least one of them.
    """

    rows: int
    effective: float
    top: float

    @property
    def design_effect(self) -> float:
        """By how much unequal weights multiply the variance of a mean."""
        return self.rows / self.effective if self.effective > 0 else float("nan")


def effective_rows(weights: ArrayLike) -> float:
    """The number of equally weighted rows that would tell as much; 0 without any weight."""
    w = np.asarray(weights, dtype=float)
    largest = float(w.max()) if len(w) else 0.0
    if not largest > 0:
        return 0.0
    w = w / largest  # squares of weights such as 1e200 are beyond any number
    return float(w.sum() ** 2 / (w @ w))


def weight_spread(weights: ArrayLike) -> WeightSpread:
    """The spread of these weights, none of them negative."""
    w = np.asarray(weights, dtype=float)
    few = max(int(np.ceil(TOP_SHARE * len(w))), 1)
    total = float(w.sum())
    top = float(np.sort(w)[len(w) - few :].sum()) / total if total > 0 else 0.0
    return WeightSpread(len(w), effective_rows(w), top)


def weights_note(weights: ArrayLike | None) -> tuple[str, ...]:
    """What the weights of a report's rows come to, in a sentence; nothing without weights."""
    if weights is None:
        return ()
    spread = weight_spread(weights)
    told = (
        f"Rows count by their weights: {spread.rows:,} tell as much as {spread.effective:,.0f} "
        f"equal ones (Kish's design effect {spread.design_effect:.2f}), and every interval takes "
        "this into account."
    )
    return (told,)


def weight_measurements(weights: ArrayLike | None) -> tuple[Measurement, ...]:
    """The rows of equal weight that a report's rows are worth; nothing without weights."""
    if weights is None:
        return ()
    worth = round(effective_rows(weights), 4)
    return (Measurement(kind="effective_rows", metric="test_rows", value=worth),)
