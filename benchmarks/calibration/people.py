"""Made people and decisions, from a seed."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

_HERE = Path(__file__).parents[2]
ADULT = _HERE / "examples" / "income" / "adult.parquet"
INCOME = _HERE / "configs" / "income.yaml"


@functools.cache
def adult() -> pd.DataFrame:
    """The 48,842 rows of Adult; "?" is a missing value."""
    return pd.read_parquet(ADULT).replace("?", None)


def sample(rows: int, seed: int) -> pd.DataFrame:
    """So many rows of Adult, without replacement, with a fresh index."""
    return adult().sample(rows, random_state=seed, ignore_index=True)


def decided(
    sizes: Mapping[str, int],
    base: Mapping[str, float],
    rates: Mapping[str, tuple[float, float]],
    seed: int,
    name: str = "race",
) -> pd.DataFrame:
    """Predictions of people in groups of exactly these `sizes`: `truth`, `decision`, and the group.

    `base` is each group's true share of positives, `rates` its true positive and false positive
    rate. Everything else is chance.
    """
    rng = np.random.default_rng(seed)
    group = np.repeat(list(sizes), list(sizes.values()))
    truth = rng.random(len(group)) < np.repeat([base[g] for g in sizes], list(sizes.values()))
    yes = np.repeat([rates[g] for g in sizes], list(sizes.values()), axis=0)
    decision = rng.random(len(group)) < np.where(truth, yes[:, 0], yes[:, 1])
    return pd.DataFrame({"truth": truth, "decision": decision, name: pd.Series(group, dtype="str")})
