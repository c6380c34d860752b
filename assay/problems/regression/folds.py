"""Cross-validation folds for amounts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold

from assay.config.use_case import UseCase
from assay.errors import DataError
from assay.learning.folds import Fold, folds_over_time, split_units, unit_codes


def make_amount_folds(truth: np.ndarray, split_values: pd.Series, use_case: UseCase) -> list[Fold]:
    """`search.folds` folds over the training rows, by what `split_values` gives (see
    `learning.folds.make_folds`): units are dealt out at random, seeded, and times go in order.

    Raises DataError for too few units or times, or a fold whose rows all have one amount.
    """
    if use_case.split.by == "time":
        made = list(folds_over_time(split_values, use_case))
    else:
        codes = unit_codes(split_values, use_case)
        units = np.zeros(codes.max() + 1)
        dealt = KFold(use_case.search.folds, shuffle=True, random_state=use_case.seed)
        made = split_units(units, codes, dealt)
    for number, (fit, _) in enumerate(made, start=1):
        if np.ptp(truth[fit]) == 0:
            raise DataError(
                f"fold {number} of {use_case.search.folds} would learn from one amount alone",
                remedy="Set search.folds lower, or add rows.",
            )
    return [(fit.astype(np.int64), held.astype(np.int64)) for fit, held in made]
