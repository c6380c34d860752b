"""Intervals, corrections and tests that the gates judge by.

Every function is pure. Shares are fractions of one; `level` is the two-sided confidence. SciPy and
statsmodels do the work where they can.
"""

from assay.evidence.statistics.auc import delong, roc_auc, roc_auc_difference
from assay.evidence.statistics.corrections import benjamini_hochberg, holm
from assay.evidence.statistics.intervals import (
    Bools,
    Estimate,
    Floats,
    at_least,
    at_most,
    interval_of,
    normal_quantile,
    within,
)
from assay.evidence.statistics.means import bounded_mean, difference_limits, mean
from assay.evidence.statistics.proportions import (
    detectable_gap,
    newcombe,
    newcombe_limits,
    rows_to_detect,
    smallest,
    wilson,
    wilson_limits,
)
from assay.evidence.statistics.resampling import (
    Permutation,
    multinomial_draws,
    paired_bootstrap,
    percentile_interval,
    permutation_p,
)

__all__ = [
    "Bools",
    "Estimate",
    "Floats",
    "Permutation",
    "at_least",
    "at_most",
    "benjamini_hochberg",
    "bounded_mean",
    "delong",
    "detectable_gap",
    "difference_limits",
    "holm",
    "interval_of",
    "mean",
    "multinomial_draws",
    "newcombe",
    "newcombe_limits",
    "normal_quantile",
    "paired_bootstrap",
    "percentile_interval",
    "permutation_p",
    "roc_auc",
    "roc_auc_difference",
    "rows_to_detect",
    "smallest",
    "wilson",
    "wilson_limits",
    "within",
]
