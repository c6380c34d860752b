"""Whether rows as wholes moved, where no single column may have.

Two views of a bounded sample: a classifier that tries to tell current rows from the reference's
(Lopez-Paz & Oquab, "Revisiting classifier two-sample tests", ICLR 2017), and how well the
reference's principal components rebuild current rows. Both are held against stretches of the
reference itself, so that runs of alike rows do not pass for drift.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.config.gates import Drift
from assay.evidence.drift.columns import Shift, window_of
from assay.evidence.statistics import Bools, Estimate, Floats, roc_auc
from assay.tables.distribution import Integers
from assay.tables.observed import Observed

_ROWS: Final = 4_000  # of each side: an AUC to within 0.01
_FOLDS: Final = 2
_STRETCHES: Final = 3  # of the reference, each told from the rest of it
_VARIANCE: Final = 0.65  # that the kept components hold, as in NannyML
_FAR: Final = 6.0  # standard deviations at which a value is cut off


@dataclass(frozen=True)
class Separation:
    """How well current rows are told from the reference's, out of fold.

    `stretches` is the largest AUC with which a stretch of the reference was told from the rest;
    0 if it was not needed. `telling` are columns by what the AUC loses without them.
    """

    auc: Estimate
    stretches: float
    telling: tuple[tuple[str, float], ...]
    rows: int


@dataclass(frozen=True)
class Rebuilding:
    """Mean error of rebuilding current rows less the reference's, in standard deviations of a
    row's error; `p` by how the means of the reference's stretches vary."""

    effect: float
    p: float
    components: int
    rows: int


@dataclass(frozen=True, eq=False)
class _Matrix:
    """Numbers as they are and texts by their cell, float64 (rows, columns), NaN for missing."""

    values: Floats
    categorical: NDArray[np.bool_]


def separation(
    reference: Observed, current: Observed, shifts: Sequence[Shift], enough: float
) -> Separation:
    """Tell the two sides apart by all columns together. An AUC of 0.5 is chance.

    Stretches of the reference are tried only where the interval lies above `enough`.
    """
    sides = [_thinned(side.sample) for side in (reference, current)]
    matrices = [_matrix(side, shifts) for side in sides]
    scores, models = _out_of_fold(*matrices)
    truth = _truth(*matrices)
    auc = roc_auc(truth, scores)
    rows = len(truth)
    if auc.interval.low is None or auc.interval.low <= enough:
        return Separation(auc, 0.0, (), rows)
    names = [shift.name for shift in shifts]
    telling = _telling(matrices, models, truth, auc.value, names)
    return Separation(auc, _stretches(reference, current.rows, shifts), telling, rows)


def rebuilding(
    reference: Observed, current: Observed, shifts: Sequence[Shift], ask: Drift
) -> Rebuilding | None:
    """Rebuild rows from the components that hold 65 % of the reference's variance.

    None where the reference's columns do not vary. Components are learnt on one half of the
    reference's rows, its own errors taken on the other.
    """
    both = [_standard(side.sample, shifts, reference) for side in (reference, current)]
    learn, held, new = both[0][::2], both[0][1::2], both[1]
    varied = learn.std(axis=0) > 0
    if not varied.any() or len(held) < 2 or len(new) < 2:
        return None
    learn, held, new = learn[:, varied], held[:, varied], new[:, varied]
    centre = learn.mean(axis=0)
    _, size, components = np.linalg.svd(learn - centre, full_matrices=False)
    kept = int(np.searchsorted(np.cumsum(size**2) / (size**2).sum(), _VARIANCE)) + 1
    base = components[:kept]
    errors = [_error(rows - centre, base) for rows in (held, new)]
    spread = float(errors[0].std())
    if spread <= 1e-12:
        return None
    effect = (float(errors[1].mean()) - float(errors[0].mean())) / spread
    scaled, count = errors[0] / spread, window_of(reference, current.rows, ask)[1]
    p = _p_of_mean(scaled, effect, count, (reference.rows, current.rows))
    return Rebuilding(effect, p, kept, len(held) + len(new))


# --- the classifier ---------------------------------------------------------------------------


def _thinned(rows: pa.Table) -> pa.Table:
    if rows.num_rows <= _ROWS:
        return rows
    return rows.take(pa.array(np.arange(_ROWS, dtype=np.int64) * rows.num_rows // _ROWS))


def _matrix(rows: pa.Table, shifts: Sequence[Shift]) -> _Matrix:
    columns, categorical = [], []
    for shift in shifts:
        column, numeric = rows.column(shift.name), shift.grid.edges is not None
        columns.append(_numbers(column) if numeric else shift.grid.codes(column).astype(float))
        categorical.append(not numeric)
    values = np.column_stack(columns) if columns else np.empty((rows.num_rows, 0))
    return _Matrix(values, np.array(categorical, dtype=bool))


def _numbers(column: pa.ChunkedArray) -> Floats:
    whole = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
    values: Floats = whole.cast(pa.float64(), safe=False).to_numpy()
    return np.where(np.isinf(values), np.sign(values) * np.finfo(np.float32).max, values)


def _truth(old: _Matrix, new: _Matrix) -> Bools:
    return np.arange(len(old.values) + len(new.values)) >= len(old.values)


def _folds(old: _Matrix, new: _Matrix) -> Integers:
    """Every fold has rows from all along the batch. (Of a batch in sorted order, a fold of
    neighbours would be judged by what was learnt from rows of other kinds.)
    """
    return np.concatenate([np.arange(len(m.values), dtype=np.int64) % _FOLDS for m in (old, new)])


def _out_of_fold(old: _Matrix, new: _Matrix) -> tuple[Floats, list[Any]]:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    rows, truth, fold = np.vstack([old.values, new.values]), _truth(old, new), _folds(old, new)
    scores, models = np.zeros(len(rows)), []
    # Both sides weigh alike, however few the current rows are.
    weight = np.where(truth, 1 / len(new.values), 1 / len(old.values)) * len(rows) / 2
    with threadpool_limits(1):
        for number in range(_FOLDS):
            fit = fold != number
            model = HistGradientBoostingClassifier(
                max_iter=30, max_leaf_nodes=8, categorical_features=old.categorical,
                early_stopping=False, random_state=0,
            )  # fmt: skip
            models.append(model.fit(rows[fit], truth[fit], weight[fit]))
            scores[~fit] = model.predict_proba(rows[~fit])[:, 1]
    return scores, models


def _telling(
    matrices: Sequence[_Matrix], models: Sequence[Any], truth: Bools, auc: float, names: list[str]
) -> tuple[tuple[str, float], ...]:
    """What is lost when one column's values are shuffled (Breiman 2001), the most first."""
    from threadpoolctl import threadpool_limits

    rows, fold = np.vstack([m.values for m in matrices]), _folds(matrices[0], matrices[1])
    order = np.random.default_rng(0).permutation(len(rows))
    lost = []
    with threadpool_limits(1):
        for at, name in enumerate(names):
            shuffled = rows.copy()
            shuffled[:, at] = rows[order, at]
            scores = np.zeros(len(rows))
            for number, model in enumerate(models):
                held = fold == number
                scores[held] = model.predict_proba(shuffled[held])[:, 1]
            lost.append((name, auc - roc_auc(truth, scores).value))
    return tuple(sorted(lost, key=lambda item: (-item[1], item[0])))


def _stretches(reference: Observed, rows: int, shifts: Sequence[Shift]) -> float:
    """The best AUC by which one of a few stretches of the reference is told from the rest."""
    sample = reference.sample
    share = min(rows / max(reference.rows, 1), 0.25)
    length = max(int(sample.num_rows * share), 2 * _FOLDS)
    best = 0.0
    for number in range(_STRETCHES):
        start = (sample.num_rows - length) * number // (_STRETCHES - 1)
        rest = pa.concat_tables([sample.slice(0, start), sample.slice(start + length)])
        matrices = [_matrix(_thinned(t), shifts) for t in (rest, sample.slice(start, length))]
        if min(len(m.values) for m in matrices) >= 2 * _FOLDS:
            best = max(best, roc_auc(_truth(*matrices), _out_of_fold(*matrices)[0]).value)
    return best


# --- the components ---------------------------------------------------------------------------


def _standard(rows: pa.Table, shifts: Sequence[Shift], reference: Observed) -> Floats:
    """Numbers standardised by the reference, texts by how frequent their cell is in it."""
    columns = []
    for shift in shifts:
        column = rows.column(shift.name)
        if shift.grid.edges is None:
            share = shift.reference / max(shift.reference.sum(), 1)
            values = share[shift.grid.codes(column)]
            mean = float(share @ share)
            spread = float(np.sqrt(max(share @ share**2 - mean**2, 0)))
        else:
            values = _numbers(column)
            moments = reference.profile.columns[shift.name].moments() or (0.0, 0.0)
            mean, spread = moments[0], float(np.sqrt(moments[1]))
        scaled = (values - mean) / spread if spread > 0 else np.zeros(len(values))
        columns.append(np.clip(np.nan_to_num(scaled), -_FAR, _FAR))
    return np.column_stack(columns) if columns else np.empty((rows.num_rows, 0))


def _error(rows: Floats, components: Floats) -> Floats:
    rebuilt = rows @ components.T @ components
    error: Floats = np.sqrt(((rows - rebuilt) ** 2).sum(axis=1))
    return error


def _p_of_mean(errors: Floats, effect: float, count: int, rows: tuple[int, int]) -> float:
    """Two-sided, by Student's t over the means of windows of the reference's own errors.

    `errors` have the standard deviation 1; a batch's mean varies no less than that of as many
    independent rows.
    """
    from scipy.stats import t

    count = max(min(count, len(errors) // 2), 2)
    window = np.arange(len(errors)) * count // len(errors)
    means = np.bincount(window, weights=errors) / np.bincount(window)
    between = max(float(means.var(ddof=1)), count / len(errors))
    length = rows[0] / count
    variance = between * min(1.0, length / rows[1]) + between / count
    variance = max(variance, 1 / rows[1] + 1 / len(errors))
    return float(2 * t.sf(abs(effect) / np.sqrt(variance), count - 1))
