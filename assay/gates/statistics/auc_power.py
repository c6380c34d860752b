"""How large a ROC AUC a number of rows could tell from a coin's."""

from __future__ import annotations

import numpy as np

from assay.gates.statistics.proportions import find_smallest


def auc_standard_error(area: float, positives: float, negatives: float) -> float:
    """Standard error of a ROC AUC of `area`, from counts alone.

    Hanley & McNeil, Radiology 143 (1982) 29-36, with their exponential approximation.
    """
    both_positive, both_negative = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (
        area * (1 - area)
        + (positives - 1) * (both_positive - area**2)
        + (negatives - 1) * (both_negative - area**2)
    ) / (positives * negatives)
    return float(np.sqrt(variance))


def auc_power(area: float, positives: float, negatives: float, *, alpha: float = 0.05) -> float:
    """Probability that a one-sided test of size `alpha` tells `area` from one half."""
    from scipy.stats import norm

    if min(positives, negatives) < 1:
        return 0.0
    needed = norm.ppf(1 - alpha) * auc_standard_error(0.5, positives, negatives)
    return float(norm.cdf((area - 0.5 - needed) / auc_standard_error(area, positives, negatives)))


def rows_to_detect_auc(
    area: float, share: float, *, alpha: float = 0.05, power: float = 0.8
) -> int | None:
    """Rows, `share` of them positive, that give `auc_power` of `power`; None if none do."""

    def enough(rows: int) -> bool:
        return auc_power(area, rows * share, rows * (1 - share), alpha=alpha) >= power

    return find_smallest(enough)
