"""How large a ROC AUC the test of the signal would notice, and the rows that it takes.

By simulation, not by a formula: what a learner finds falls short of what there is, and the fewer
the rows the more. The sizes are those from which the whole test (three learners, p times three)
noticed a signal in 90 of 100 data sets of each shape: linear, categories, a product of two
numbers, fifty columns. `make calibration` repeats them.
"""

from __future__ import annotations

import numpy as np

POWER = 0.9
SIMULATED_AREAS = (0.55, 0.6, 0.7, 0.8)  # true ROC AUC, of a model that knows the rule
SIMULATED_ROWS = (10_000, 2_500, 1_000, 500)  # with 30 % positives and up to 50 features
SIMULATED_SHARE = 0.3
SIMULATED_FEATURES = 50


def rows_to_notice(area: float, share: float, features: int) -> float:
    """Rows, `share` of them positive, that show a true ROC AUC of `area` with power 0.9.

    Between the simulated sizes on logarithmic scales; for smaller signals by the square of what
    is above chance; for larger ones as for the largest that was simulated. Infinite for a coin's.
    """
    lift = area - 0.5
    if lift <= 0:
        return float("inf")
    lifts = np.array(SIMULATED_AREAS) - 0.5
    logs = np.interp(np.log(lift), np.log(lifts), np.log(SIMULATED_ROWS))
    smaller = float(max(lifts[0] / lift, 1.0) ** 2)
    rarer = SIMULATED_SHARE * (1 - SIMULATED_SHARE) / (share * (1 - share))
    return float(np.exp(logs)) * smaller * rarer * _width_factor(features)


def noticed_area(rows: float, share: float, features: int) -> float | None:
    """The smallest true ROC AUC that so many rows show with power 0.9; None if they show none."""
    from scipy.optimize import brentq

    largest = SIMULATED_AREAS[-1]
    if rows_to_notice(largest, share, features) > rows:
        return None
    return float(
        brentq(lambda area: rows_to_notice(area, share, features) - rows, 0.5 + 1e-6, largest)
    )


def _width_factor(features: int) -> float:
    """Noise of more columns than were simulated asks for more rows, by the root of their number."""
    return float(np.sqrt(max(features / SIMULATED_FEATURES, 1.0)))
