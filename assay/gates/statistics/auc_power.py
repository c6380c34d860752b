"""Power of a number of rows to distinguish a ROC AUC from one half."""

from __future__ import annotations

import numpy as np


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
    """Probability that a one-sided test of size `alpha` distinguishes `area` from one half."""
    from scipy.stats import norm

    if min(positives, negatives) < 1:
        return 0.0
    needed = norm.ppf(1 - alpha) * auc_standard_error(0.5, positives, negatives)
    return float(norm.cdf((area - 0.5 - needed) / auc_standard_error(area, positives, negatives)))
