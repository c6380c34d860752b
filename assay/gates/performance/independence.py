"""Whether the test rows say as much as so many rows that have nothing to do with each other.

Several rows of one patient or household err together. Intervals take rows for independent; by how
much they are too narrow then is told, by cluster-robust standard errors of the same scores
(Obuchowski 1997 for the ROC AUC, the sandwich of sums within units for means).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from assay.gates.performance.point_scores import ModelPredictions
from assay.gates.report import Check, Verdict
from assay.gates.statistics.auc_clusters import clustered_covariance, clustered_delong_covariance
from assay.gates.statistics.intervals import Bools
from assay.util.sorted_arrays import sorted_unique

MAX_INFLATION: Final = (
    1.1  # times as large as without clusters: a tenth is within what else is unsure
)
MIN_UNITS: Final = (
    30  # units; of fewer, the sandwich itself is too small (Cameron and Miller, 2015)
)


def check_independence(
    truth: Bools, who: ModelPredictions, units: pd.Series | None
) -> Check | None:
    """`units`: of the test rows, one value for those that belong together; its name says what they
    are of. None where no two rows do.
    """
    if units is None:
        return None
    of, rows = units.to_numpy(), len(truth)
    count = len(sorted_unique(of))
    if count == rows:
        return None
    ratio = standard_error_inflation(truth, who, of)
    few = count < MIN_UNITS
    narrow = ratio is None or ratio > MAX_INFLATION
    held = f"{rows:,} test rows hold {count:,} different values of {units.name}"
    seen = f": standard errors are up to {ratio:.2f} times as large as for independent rows"
    return Check(
        name="independence",
        claim=f"Test rows of one {units.name} err no more alike than others",
        verdict=Verdict.UNKNOWN if few else Verdict.CAUTION if narrow else Verdict.PASS,
        statistic="clustered standard error over that of independent rows, the largest of scores",
        estimate=ratio,
        threshold=MAX_INFLATION,
        why=held + ("" if ratio is None else seen) + ".",
        remedy=_remedy(str(units.name), ratio, few) if few or narrow else "",
        hard=False,
        rows=rows,
    )


def standard_error_inflation(truth: Bools, who: ModelPredictions, units: ArrayLike) -> float | None:
    """How many times as large a standard error is as it would be for independent rows: of the ROC
    AUC, the accuracy and the Brier score, the largest. None if none of them varies.
    """
    alone = np.arange(len(truth))
    right = (who.decision == truth).astype(float)
    squared = (who.probability - truth) ** 2
    means = np.array([right - right.mean(), squared - squared.mean()]) / len(truth)
    ranked = who.probability[None, :]
    pairs = [
        (clustered_covariance(means[[i]], units), clustered_covariance(means[[i]], alone))
        for i in range(len(means))
    ]
    pairs.append(
        (
            clustered_delong_covariance(truth, ranked, units)[1],
            clustered_delong_covariance(truth, ranked, alone)[1],
        )
    )
    found = [float(np.sqrt(one.item() / other.item())) for one, other in pairs if other.item() > 0]
    known = [ratio for ratio in found if np.isfinite(ratio)]
    return max(known, default=None)


def _remedy(unit: str, ratio: float | None, few: bool) -> str:
    if few:
        return (
            f"Bring test rows of at least {MIN_UNITS} different values of {unit}: what others would "
            "change cannot be told from fewer."
        )
    times = f"{ratio:.1f} times as wide" if ratio is not None else "wider"
    return (
        f"Read every interval here and of the fairness gate as about {times}, or keep one row of "
        f"each {unit}."
    )
