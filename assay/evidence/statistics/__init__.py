"""Intervals, corrections and tests that the gates judge by.

Every function is pure. Shares are fractions of one; `level` is the two-sided confidence. SciPy and
statsmodels do the work where they can.
"""

from assay.evidence.statistics.auc import (
    Placements,
    auc_limits,
    delong,
    placements,
    roc_auc,
    roc_auc_difference,
)
from assay.evidence.statistics.auc_clusters import clustered_covariance, clustered_delong
from assay.evidence.statistics.auc_power import auc_power, auc_spread, rows_to_show
from assay.evidence.statistics.clustered import (
    ClusteredTest,
    Clustering,
    clustered_test,
    clustering,
    jackknife,
)
from assay.evidence.statistics.corrections import benjamini_hochberg, holm, holm_step_down
from assay.evidence.statistics.distances import (
    chi_square,
    jensen_shannon,
    kolmogorov_smirnov,
    population_stability,
    shares,
    wasserstein,
)
from assay.evidence.statistics.independent import difference_limits, ratio_limits
from assay.evidence.statistics.intervals import (
    Bools,
    Estimate,
    Floats,
    Limits,
    at_least,
    at_most,
    beyond,
    equivalent,
    interval_of,
    normal_quantile,
)
from assay.evidence.statistics.label_noise import Noise, confident_joint
from assay.evidence.statistics.means import bounded_mean, mean, mean_limits
from assay.evidence.statistics.nearest import (
    bayes_bound,
    neighbour_errors,
    neighbour_errors_on_a_line,
)
from assay.evidence.statistics.paired import paired_limits
from assay.evidence.statistics.power_law import PowerLaw, fit_power_law
from assay.evidence.statistics.prediction import next_distance
from assay.evidence.statistics.proportions import (
    detectable_gap,
    newcombe_limits,
    rows_to_detect,
    smallest,
    wilson,
    wilson_limits,
)
from assay.evidence.statistics.quantiles import quantile
from assay.evidence.statistics.resampling import (
    Permutation,
    multinomial_draws,
    percentile_interval,
    permutation_p,
)
from assay.evidence.statistics.squares import root_mean_square
from assay.evidence.statistics.welch import Excess, excess

__all__ = [
    "Bools",
    "ClusteredTest",
    "Clustering",
    "Estimate",
    "Excess",
    "Floats",
    "Limits",
    "Noise",
    "Permutation",
    "Placements",
    "PowerLaw",
    "at_least",
    "at_most",
    "auc_limits",
    "auc_power",
    "auc_spread",
    "bayes_bound",
    "benjamini_hochberg",
    "beyond",
    "bounded_mean",
    "chi_square",
    "clustered_covariance",
    "clustered_delong",
    "clustered_test",
    "clustering",
    "confident_joint",
    "delong",
    "detectable_gap",
    "difference_limits",
    "equivalent",
    "excess",
    "fit_power_law",
    "holm",
    "holm_step_down",
    "interval_of",
    "jackknife",
    "jensen_shannon",
    "kolmogorov_smirnov",
    "mean",
    "mean_limits",
    "multinomial_draws",
    "neighbour_errors",
    "neighbour_errors_on_a_line",
    "newcombe_limits",
    "next_distance",
    "normal_quantile",
    "paired_limits",
    "percentile_interval",
    "permutation_p",
    "placements",
    "population_stability",
    "quantile",
    "ratio_limits",
    "roc_auc",
    "roc_auc_difference",
    "root_mean_square",
    "rows_to_detect",
    "rows_to_show",
    "shares",
    "smallest",
    "wasserstein",
    "wilson",
    "wilson_limits",
]
