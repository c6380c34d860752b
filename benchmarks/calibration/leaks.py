"""Columns to plant: what follows from the outcome, and what honestly tells of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Leak = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def as_text(yes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The outcome in other words, wrong in one of a hundred."""
    return np.where(yes ^ (rng.random(len(yes)) < 0.01), "settled", "open")


def as_amount(yes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A sum that follows from the outcome (ROC AUC about .99)."""
    return np.exp(rng.normal(8 + 1.7 * yes, 0.5)).round(2)


def as_codes(yes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Two hundred codes, each for rows of one outcome, wrong in two of a hundred."""
    shown = yes ^ (rng.random(len(yes)) < 0.02)
    return np.char.add("c", (rng.integers(0, 100, len(yes)) * 2 + shown).astype(str))


def honest(yes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An honest column that predicts well (ROC AUC about .9)."""
    return rng.normal(1.8 * yes, 1.0)
