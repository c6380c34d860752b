"""A ridge regression of numbers, judged without each row in turn, on real and on shuffled targets.

Leaving out a row needs no new fit: its residual divided by one minus its leverage is what a fit
without it would leave. Permutations are columns of one product of matrices, and end early where
there is nothing to see.
"""

from __future__ import annotations

import numpy as np

from assay.gates.statistics.intervals import Floats

SHUFFLES = 399
BATCH = 100  # shuffles in one product
STOP_AFTER = 20  # shuffles that do as well, after which more would tell no more
PENALTY = 0.1  # times the rows; beside it, one for each column


def linear_permutation_p(columns: Floats, targets: Floats, seed: int) -> float:
    """How often shuffled rows of `targets` (rows, k) are told as well as the real ones.

    `columns` (rows, p) are standardised. Each target counts alike, whatever its variance. Rows must
    be exchangeable if the columns say nothing. Sequential: Besag & Clifford, Biometrika 78 (1991).
    """
    rng = np.random.default_rng(seed)
    spread = targets.std(axis=0)
    wanted = (targets - targets.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    if not wanted.shape[1]:
        return 1.0
    left, shrinkage = _factors(columns)
    rows, outcomes = wanted.shape

    def losses(stacked: Floats) -> Floats:
        """Summed squared errors without each row, of each set of targets (rows, sets x k)."""
        errors = errors_without_row(left, shrinkage, stacked)
        return np.asarray((errors**2).sum(axis=0).reshape(-1, outcomes).sum(axis=1))

    observed = float(losses(wanted)[0])
    exceeded = np.zeros(0, dtype=bool)
    while len(exceeded) < SHUFFLES and exceeded.sum() < STOP_AFTER:
        count = min(BATCH, SHUFFLES - len(exceeded))
        drawn = np.hstack([wanted[rng.permutation(rows)] for _ in range(count)])
        exceeded = np.append(exceeded, losses(drawn) <= observed * (1 + 1e-12))
    if exceeded.sum() >= STOP_AFTER:
        return STOP_AFTER / float(np.flatnonzero(exceeded)[STOP_AFTER - 1] + 1)
    return float(1 + exceeded.sum()) / (1 + len(exceeded))


def errors_without_row(left: Floats, shrinkage: Floats, targets: Floats) -> Floats:
    """What a fit without each row would leave of that row's centred `targets` (rows, k).

    `left` and `shrinkage` as `_factors` gives them.
    """
    fitted = left @ (shrinkage[:, None] * (left.T @ targets))
    leverage = 1 / len(targets) + left**2 @ shrinkage
    return np.asarray((targets - fitted) / (1 - leverage)[:, None])


def _factors(columns: Floats) -> tuple[Floats, Floats]:
    """Left singular vectors (rows, r) of the centred columns, and how far each is shrunk (r,)."""
    from scipy.linalg import eigh

    rows, width = columns.shape
    penalty = PENALTY * rows + width
    centred = columns - columns.mean(axis=0)
    if width <= rows:
        squares, right = eigh(centred.T @ centred)
        kept = squares > max(float(squares.max(initial=0)), 1.0) * 1e-10
        left = centred @ (right[:, kept] / np.sqrt(squares[kept]))
    else:
        squares, left = eigh(centred @ centred.T)
        kept = squares > max(float(squares.max(initial=0)), 1.0) * 1e-10
        left = left[:, kept]
    return np.asarray(left), np.asarray(squares[kept] / (squares[kept] + penalty))
