"""The columns of an answer about several classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from assay.problems.multiclass.conformal import set_texts


def probability_column(label: str) -> str:
    """The column that holds the probability of a class."""
    return f"probability_{label}"


def answer_frame(
    probability: np.ndarray,
    decided: np.ndarray,
    members: np.ndarray,
    labels: Sequence[str],
    index: pd.Index | None = None,
) -> pd.DataFrame:
    """decision (text), probability_<class> (float64), set (text), a row each.

    `decided` are class codes, `members` marks the sets.
    """
    names = np.array(labels, dtype=object)
    columns = {"decision": pd.Series(names[decided], index=index, dtype="str")}
    for code, label in enumerate(labels):
        columns[probability_column(label)] = pd.Series(probability[:, code], index=index)
    columns["set"] = pd.Series(set_texts(members, labels), index=index, dtype="str")
    return pd.DataFrame(columns)
