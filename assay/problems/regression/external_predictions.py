"""Predictions of amounts made anywhere, brought into the form that the gate judges."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from assay.config.data import Sensitive
from assay.dataset.groups import group_labels
from assay.errors import DataError
from assay.gates.fairness.external_predictions import check_present, read_numbers
from assay.problems.regression.answers import ANSWER_COLUMNS


def answers_from_frame(
    frame: pd.DataFrame, *, truth: str, prediction: str, sensitive: Mapping[str, Sensitive]
) -> pd.DataFrame:
    """Columns `row`, `truth`, `prediction` and the group labels, from any file's columns.

    `sensitive` names the columns of groups and may declare cut points for numbers. Raises
    DataError, naming the column and the remedy.
    """
    if frame.empty:
        raise DataError("there are no rows to audit")
    for name in (truth, prediction, *sensitive):
        check_present(frame, name)
    for name in sensitive:
        if name in ANSWER_COLUMNS:
            raise DataError(f"a group column cannot be called {name!r}", remedy="Rename it.")
    amounts = {"truth": read_numbers(frame, truth), "prediction": read_numbers(frame, prediction)}
    for name, values in zip((truth, prediction), amounts.values(), strict=True):
        infinite = int(np.isinf(values).sum())
        if infinite:
            raise DataError(
                f"the column {name!r} is infinite in {infinite:,} of {len(frame):,} rows",
                remedy="Leave these rows out, and say so to whoever reads the audit.",
            )
    labels = {
        name: group_labels(frame[name], declared, name).to_numpy()
        for name, declared in sensitive.items()
    }
    return pd.DataFrame({"row": np.arange(len(frame), dtype=np.int64), **amounts, **labels})
