"""Made models whose scores in the population are known."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.config.gates import ErrorCosts, PerformanceMetric

_GRID = 200_001  # points of the population: the scores below are exact to about five digits
_LARGEST_LOGIT = 30.0


@dataclass(frozen=True, slots=True)
class Population:
    """Rows whose log odds of a positive are normal, and a model that knows them.

    `stretch` is what the model makes of the log odds: 1 is calibrated, 2 too sure of itself.
    """

    middle: float  # mean of the log odds
    spread: float  # their standard deviation
    stretch: float = 1.0

    def predictions(self, rows: int, seed: int, cost: ErrorCosts) -> pd.DataFrame:
        """`truth`, `probability` and the `decision` that costs least if the probability is true."""
        rng = np.random.default_rng(seed)
        odds = rng.normal(self.middle, self.spread, rows)
        truth = rng.random(rows) < sigmoid(odds)
        return predicted(truth, sigmoid(self.stretch * odds), cost)

    def scores(self, cost: ErrorCosts) -> Mapping[PerformanceMetric, float]:
        """Every score in the population, by numerical integration."""
        return _scores(self, cost.false_positive, cost.false_negative)


def sigmoid(odds: np.ndarray) -> np.ndarray:
    """Probability of log odds."""
    clipped = np.clip(odds, -_LARGEST_LOGIT, _LARGEST_LOGIT)
    return np.asarray(1 / (1 + np.exp(-clipped)))


def predicted(truth: np.ndarray, probability: np.ndarray, cost: ErrorCosts) -> pd.DataFrame:
    """Predictions in the form that the gate judges."""
    decision = probability >= threshold(cost)
    return pd.DataFrame({"truth": truth, "probability": probability, "decision": decision})


def threshold(cost: ErrorCosts) -> float:
    """The probability at which yes and no cost the same (Elkan, IJCAI 2001)."""
    return cost.false_positive / (cost.false_positive + cost.false_negative)


@functools.cache
def _scores(population: Population, false_positive: float, false_negative: float) -> dict:
    from scipy.stats import norm

    places = (np.arange(_GRID) + 0.5) / _GRID
    odds = population.middle + population.spread * norm.ppf(places)  # ascending
    yes, said = sigmoid(odds), sigmoid(population.stretch * odds)
    no = 1 - yes
    chosen = said >= false_positive / (false_positive + false_negative)
    base = yes.mean()
    tpr = (yes * chosen).mean() / base
    fpr = (no * chosen).mean() / (1 - base)
    precision = (yes * chosen).mean() / chosen.mean()
    below = np.cumsum(no) - no / 2  # negatives that rank lower
    found, seen = np.cumsum(yes[::-1]), np.arange(1, _GRID + 1)
    return {
        "roc_auc": float((yes * below).sum() / (yes.sum() * no.sum())),
        "average_precision": float((yes[::-1] * found / seen).sum() / yes.sum()),
        "accuracy": float((yes * chosen + no * ~chosen).mean()),
        "balanced_accuracy": float((1 + tpr - fpr) / 2),
        "precision": float(precision),
        "recall": float(tpr),
        "f1": float(2 * precision * tpr / (precision + tpr)),
        "log_loss": float(-(yes * np.log(said) + no * np.log(1 - said)).mean()),
        "brier": float((yes * (1 - said) ** 2 + no * said**2).mean()),
        "cost": float((no * chosen * false_positive + yes * ~chosen * false_negative).mean()),
    }
