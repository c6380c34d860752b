"""Decisions that a method leaves in part to chance, as they would be with another row's draw."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.learning.mitigation.models import (
    GroupThresholds,
    Lottery,
    apply_rules,
    lottery_yes_share,
    row_draws,
)

Bools = NDArray[np.bool_]


def leaves_to_chance(fitted: Any) -> bool:
    """Whether the decision about a row depends on a draw."""
    return isinstance(fitted, GroupThresholds | Lottery)


def decide_with_draw(
    fitted: Any, rows: pd.DataFrame, groups: np.ndarray | None, drawn_for: pd.DataFrame
) -> Bools:
    """The decisions about `rows`, each with the draw of the same row of `drawn_for`: what a change
    does beyond drawing anew.
    """
    draws = row_draws(drawn_for)
    if isinstance(fitted, Lottery):
        share = lottery_yes_share(fitted.parts, fitted.prepare.transform(rows))
        return np.asarray(draws < share)
    assert groups is not None, "a model with thresholds by group is told the groups"
    plain = np.asarray(fitted.model.predict(rows)) == 1
    probability = fitted.predict_proba(rows)[:, 1]
    return apply_rules(fitted.rules, probability, plain, groups, draws)
