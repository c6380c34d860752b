"""Sets of classes that hold the true one with a promised probability, whichever it is.

A class is in the set where its probability is not lower than that of most training rows of this
class, out of fold: a quantile of 1 - p for each class, by the finite-sample rule. The promise holds
for each class by itself, and so overall. One quantile for all classes would keep it overall only,
and miss many rows of a rare class. A class with too few rows for its quantile is in every set.

Sources: Sadinle, Lei and Wasserman, "Least ambiguous set-valued classifiers with bounded error
levels", JASA 114, 2019 (section 3.2, class-specific coverage); Vovk, "Conditional validity of
inductive conformal predictors", Machine Learning 92, 2013.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assay.gates.statistics.weighted_quantiles import conformal_limit


def learn_limits(
    probability: np.ndarray, truth: np.ndarray, coverage: float, weights: np.ndarray | None = None
) -> np.ndarray:
    """For each class, the largest 1 - p with which it is in a set; 1 where it always is.

    `probability` is out of fold, a column for each class; `truth` are class codes. The limit is the
    k-th smallest 1 - p of the class's n rows, k = ceil(coverage (n + 1)). Of rows with `weights` it
    is the weighted quantile, the row to be answered counting as a row of the class does on average.
    """
    limits = np.ones(probability.shape[1])
    for code in range(len(limits)):
        own = truth == code
        found = conformal_limit(
            1 - probability[own, code], coverage, None if weights is None else weights[own]
        )
        if found is not None:
            limits[code] = found
    return limits


def mark_sets(probability: np.ndarray, limits: np.ndarray) -> np.ndarray:
    """Bool, a row each, a column for each class: is it in the set? Where none would be, the most
    probable class is.
    """
    members: np.ndarray = 1 - probability <= limits
    empty = np.flatnonzero(~members.any(axis=1))
    members[empty, probability[empty].argmax(axis=1)] = True
    return members


def set_texts(members: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    """The sets as text, "minor|serious", in the order of the labels. One object array."""
    different, place = np.unique(members, axis=0, return_inverse=True)
    texts = [
        "|".join(name for name, held in zip(labels, row, strict=True) if held) for row in different
    ]
    found: np.ndarray = np.array(texts, dtype=object)[place.reshape(-1)]
    return found


def cross_fit_sets(
    probability: np.ndarray,
    truth: np.ndarray,
    fold: np.ndarray,
    coverage: float,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """The sets out of fold, as `mark_sets`: the limits of each fold's rows come from the others, so
    that a row's own probability does not move the limit that it is held to. All rows have a fold.
    """
    members = np.zeros(probability.shape, dtype=bool)
    for number in np.unique(fold):
        inside = fold == number
        others = None if weights is None else weights[~inside]
        limits = learn_limits(probability[~inside], truth[~inside], coverage, others)
        members[inside] = mark_sets(probability[inside], limits)
    return members
