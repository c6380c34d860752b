"""From which probability on a yes is plausible, and up to which a no is.

An outcome is plausible where its probability is not lower than that of most training rows of this
outcome, out of fold: a quantile for each, by the finite-sample rule of split conformal prediction.
So the machine alone gets at most `1 - coverage` of the rows of each outcome wrong, of rows like the
training rows, whatever the probabilities are worth.

Sources: Sadinle, Lei and Wasserman, "Least ambiguous set-valued classifiers with bounded error
levels", JASA 114, 2019; Vovk, "Conditional validity of inductive conformal predictors", Machine
Learning 92, 2013.
"""

from __future__ import annotations

import math

import numpy as np

from assay.config.gates import Abstain
from assay.errors import DataError
from assay.gates.statistics.weighted_quantiles import conformal_limit
from assay.learning.abstention import AbstainRule
from assay.learning.estimators import FieldLocator, no_location

_ROUNDING = 1e-9  # .9 * 20 is a hair above 18


def learn_rule(
    probability: np.ndarray,
    truth: np.ndarray,
    asked: Abstain,
    weights: np.ndarray | None = None,
    *,
    locate: FieldLocator = no_location,
) -> AbstainRule:
    """The rule from probabilities of yes out of fold, float64, and the outcomes, bool.

    The limit of an outcome is its k-th least plausible row of n from the plausible end,
    k = ceil(coverage (n + 1)). Of rows with `weights` it is the weighted quantile, the row to be
    answered counting as one of its outcome does on average. Raises DataError where an outcome has
    too few rows for any such k: every row would go to a person.
    """
    if asked.coverage is None:
        assert asked.no_below is not None, "the section checks it"
        assert asked.yes_above is not None, "the section checks it"
        return AbstainRule(yes_from=asked.no_below, no_to=asked.yes_above)
    known = ~np.isnan(probability)
    ends = {}
    for outcome, unlikely in (("yes", -probability), ("no", probability)):
        own = known & (truth == (outcome == "yes"))
        end = conformal_limit(
            unlikely[own], asked.coverage, None if weights is None else weights[own]
        )
        if end is None:
            raise _too_few_error(outcome, int(own.sum()), asked.coverage, locate)
        ends[outcome] = end
    return AbstainRule(yes_from=-ends["yes"], no_to=ends["no"], coverage=asked.coverage)


def _too_few_error(outcome: str, rows: int, coverage: float, locate: FieldLocator) -> DataError:
    needed = math.ceil(coverage / (1 - coverage) - _ROUNDING)
    largest = math.floor(1000 * rows / (rows + 1)) / 1000
    less = f"Write `coverage: {largest:g}` or less, or bring" if rows else "Bring"
    return DataError(
        f"to hold {coverage:g} of the outcomes {outcome} needs {needed:,} training rows of it that"
        f" a fold held out, and there are {rows:,}",
        where=locate(("performance", "abstain", "coverage")),
        remedy=f"{less} at least {max(needed - rows, 1):,} more training rows of it.",
    )
