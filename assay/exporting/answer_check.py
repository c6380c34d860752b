"""Whether an exported model answers as the registered one, on every stored test row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.errors import Ineligible

SAME_PARTS = 1e-9
"""For formats that keep the fitted parts: what another order of adding up may change."""


@dataclass(frozen=True)
class AnswerCheck:
    """What was compared: `rows` test rows; numbers were at most `largest` apart, relative to
    max(1, |number|), where `tolerance` is accepted. Texts and decisions are equal.
    """

    rows: int
    tolerance: float
    largest: float


def check_answers(
    expected: pd.DataFrame,
    found: pd.DataFrame,
    tolerance: float,
    kind: str,
    why: str,
    *,
    left_out: Sequence[str] = (),
) -> AnswerCheck:
    """Compare all columns of `expected` but those `left_out`, on the same index.

    Raises Ineligible with the row, both values and `why`, the reason that is likely for `kind`.
    """
    if absent := [n for n in expected.columns if n not in found.columns and n not in left_out]:
        raise Ineligible(f"as {kind} it would not answer {', '.join(absent)}", remedy=why)
    largest = 0.0
    for name in found.columns:
        before, after = expected[name], found[name]
        if before.dtype == np.float64:
            left, right = before.to_numpy(), after.to_numpy(dtype=np.float64)
            distance = np.abs(left - right) / np.maximum(1.0, np.abs(left))
            distance[np.isnan(left) & np.isnan(right)] = 0.0
            distance[np.isnan(distance)] = np.inf
            wrong = distance > tolerance
            largest = max(largest, float(distance.max(initial=0.0)))
            worst = int(distance.argmax()) if len(distance) else 0
        else:
            wrong = before.astype("str").to_numpy() != after.astype("str").to_numpy()
            worst = int(wrong.argmax()) if len(wrong) else 0
        if wrong.any():
            raise Ineligible(
                f"as {kind} it would answer {int(wrong.sum()):,} of {len(wrong):,} test rows in "
                f"another way: {name} of row {before.index[worst]} is {after.iloc[worst]}, and "
                f"{before.iloc[worst]} as registered",
                where=f"accepted are {tolerance:g}" if before.dtype == np.float64 else None,
                remedy=why,
            )
    return AnswerCheck(len(expected), tolerance, largest)
