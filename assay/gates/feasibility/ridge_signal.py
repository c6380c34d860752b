"""A ridge regression, cross-validated on the real labels and on shuffled ones.

The whole procedure is repeated with each shuffle, so the test is exact; that is cheap, because a
ridge regression of many label vectors is one product of matrices. It sees additive signals in
fewer rows than boosted trees do.
"""

from __future__ import annotations

import numpy as np

from assay.gates.statistics.intervals import Bools, Floats

SHUFFLES = 399
PENALTY = 0.1  # times the rows; beside it, one for each column
FOLDS = 5


def ridge_permutation_p(columns: Floats, labels: Bools, seed: int) -> float:
    """How often shuffled labels are told as well, by the cross-validated ROC AUC.

    `columns` (rows, columns) are standardised. Rows must be exchangeable if the columns say
    nothing: one of each entity.
    """
    from scipy.stats import rankdata

    rng = np.random.default_rng(seed)
    folds = rng.permutation(len(labels)) % FOLDS  # not by class: shuffled labels have no say in it
    told = np.column_stack([labels, *(rng.permutation(labels) for _ in range(SHUFFLES))])
    told = told.astype(float)
    scores = np.empty(told.shape)
    for fold in range(FOLDS):
        held = folds == fold
        scores[held] = _ridge_scores(columns[~held], told[~held], columns[held])
    sums = (rankdata(scores.round(12), axis=0) * told).sum(axis=0)  # ROC AUC but for constants
    reached = int((sums[1:] >= sums[0] - 1e-9).sum())
    return (1 + reached) / (1 + SHUFFLES)


def _ridge_scores(train_rows: Floats, train_labels: Floats, test_rows: Floats) -> Floats:
    """Scores (asked rows, label vectors) of one ridge regression for each vector of labels."""
    from scipy.linalg import solve

    rows, columns = train_rows.shape
    penalty = PENALTY * rows + columns
    mean = train_rows.mean(axis=0)
    centred, target = train_rows - mean, train_labels - train_labels.mean(axis=0)
    if columns <= rows:
        gram = centred.T @ centred + penalty * np.eye(columns)
        weights = solve(gram, centred.T @ target, assume_a="pos")
    else:
        gram = centred @ centred.T + penalty * np.eye(rows)
        weights = centred.T @ solve(gram, target, assume_a="pos")
    return np.asarray((test_rows - mean) @ weights)
