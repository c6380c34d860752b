"""Evidence over several looks that a value fell, valid for any number of looks.

At every look a new test begins, in case the harm began there. Each test is an e-process; they are
added with weights that sum to one. If the value never lay below the limit, the sum exceeds
1 / level with a probability of at most `level` over all looks together (Ville's inequality).

Sources: Howard, Ramdas, McAuliffe & Sekhon, Annals of Statistics 49 (2021); Shin, Ramdas & Rinaldo,
"E-detectors" (2023).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from assay.gates.statistics.intervals import Floats

_EXCESSES: Final = np.array([0.015, 0.03, 0.06])  # tested excesses beyond the limit
_FIRST: Final = 0.5  # share of the weight, for harm from the first look on
_DECAY: Final = 0.98  # factor of later starts' weights, by look
_STEPS: Final = 40  # bisection steps


@dataclass(frozen=True)
class LookEstimate:
    """The estimate of one look, and its variance."""

    value: float
    variance: float


def log_change_evidence(
    reference: LookEstimate, looks: Sequence[LookEstimate], limit: float
) -> float:
    """Logarithm of the evidence that looks lie more than `limit` above the reference.

    The alternative is that every look from some look to the last does. Looks are weighted by their
    precision and share the reference's error, so that the increments of a run's score are
    independent.
    """
    if not looks:
        return -math.inf
    precision = np.array([1 / look.variance for look in looks])
    values = np.array([look.value for look in looks])
    weight = _sums_from(precision)
    mean = _sums_from(precision * values) / weight
    information = 1 / (1 / weight + reference.variance)
    score = (mean - reference.value - limit) * information
    ratios = np.outer(score, _EXCESSES) - np.outer(information, _EXCESSES**2) / 2
    runs = np.logaddexp.reduce(ratios, axis=1) - math.log(len(_EXCESSES))
    return float(np.logaddexp.reduce(runs + np.log(_start_weights(len(looks)))))


def lower_limit(
    reference: LookEstimate, looks: Sequence[LookEstimate], level: float, limit: float
) -> float | None:
    """The largest excess over the reference that the evidence excludes at this level.

    None if the evidence does not exclude `limit`.
    """
    wanted = math.log(1 / level)
    if log_change_evidence(reference, looks, limit) < wanted:
        return None
    low, high = limit, max(max(look.value for look in looks) - reference.value, limit)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        enough = log_change_evidence(reference, looks, middle) >= wanted
        low, high = (middle, high) if enough else (low, middle)
    return low


def _sums_from(values: Floats) -> Floats:
    """Sums from each look to the last."""
    found: Floats = np.cumsum(values[::-1])[::-1]
    return found


def _start_weights(count: int) -> Floats:
    weights: Floats = (1 - _FIRST) * (1 - _DECAY) * _DECAY ** np.arange(count, dtype=np.float64)
    weights[0] += _FIRST
    return weights
