"""Made rows, from a seed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.calibration.models import sigmoid


def determined(rows: int, seed: int, steep: float = 12) -> pd.DataFrame:
    """Two numbers that all but determine the outcome, less so if not as `steep`, and one that does
    not bear on it."""
    rng = np.random.default_rng(seed)
    x, z, noise = rng.normal(size=(3, rows))
    yes = rng.random(rows) < sigmoid(steep * (x + z))
    return pd.DataFrame({"x": x, "z": z, "noise": noise, "y": np.where(yes, "yes", "no")})


def alike(rows: int, length: float, seed: int) -> pd.DataFrame:
    """Two columns follow a hidden series, in runs of `length`, and a third does not."""
    rng = np.random.default_rng(seed)
    mood = _wandering(rows, length, rng)
    return pd.DataFrame(
        {
            "number": mood + rng.normal(size=rows),
            "kind": np.where(rng.random(rows) < sigmoid(mood), "a", "b"),
            "other": rng.normal(size=rows),
        }
    )


def turning(before: int, after: int, length: float, seed: int) -> pd.DataFrame:
    """Of six numbers two rise together, and in the later rows one falls where the other rises.

    They follow a hidden series, in runs of `length`; of rows in no order, for 0.
    """
    rng = np.random.default_rng(seed)
    rows = before + after
    series = _wandering(rows, length, rng) if length else rng.normal(size=rows)
    sign = np.where(np.arange(rows) < before, 1, -1)
    return pd.DataFrame(
        {
            "first": series + rng.normal(0, 0.5, rows),
            "second": sign * series + rng.normal(0, 0.5, rows),
            **{f"other {i}": rng.normal(size=rows) for i in range(4)},
        }
    )


def _wandering(rows: int, length: float, rng: np.random.Generator) -> np.ndarray:
    """A stationary series of variance 1 whose correlation falls to 1/e over `length` rows."""
    from scipy.signal import lfilter

    keep = np.exp(-1 / length)
    noise = rng.normal(size=rows) * np.sqrt(1 - keep**2)
    noise[0] = rng.normal()
    return np.asarray(lfilter([1.0], [1.0, -keep], noise))
