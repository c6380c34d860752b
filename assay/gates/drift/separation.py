"""Whether current rows are told from the reference's by all columns together.

A classifier tries to (Lopez-Paz & Oquab, "Revisiting classifier two-sample tests", ICLR 2017), on
a bounded sample. What it finds is held against how well the same classifier tells stretches of
the reference from its rest, so that runs of alike rows do not pass for drift.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from assay.config.gates import DriftSettings
from assay.gates.drift.cell_grid import numeric_values
from assay.gates.drift.column_shift import ColumnShift
from assay.gates.statistics.auc import roc_auc
from assay.gates.statistics.intervals import Bools, Estimate, Floats
from assay.gates.statistics.prediction_interval import next_distance_limit
from assay.tables.distribution import Integers
from assay.tables.profiled_table import ProfiledTable

_ROWS: Final = 4_000  # of each side: an AUC to within 0.01
_FOLDS: Final = 2
_BINS: Final = 64  # of a number, by the reference's quantiles
_STRETCHES: Final = 8  # of the reference: fewer would leave wide open what the next may be like
_ROWS_FOR_STRETCHES: Final = 1 << 14  # reference rows from which stretches are taken
_FEWEST: Final = 20  # rows of a stretch, to be told from others


@dataclass(frozen=True)
class StretchSeparation:
    """How well stretches of the reference, as long as the current batch or an eighth of the
    reference if that is shorter, are told from the rest of it, as ROC AUC.

    `mean_auc` is their mean, `limit` the most that one more stretch may be expected to have, and
    `current` what as many current rows have.
    """

    mean_auc: float
    limit: float
    current: float


@dataclass(frozen=True)
class Separation:
    """How well current rows are told from the reference's, out of fold.

    `stretches` is None if they were not needed, or too few of their rows are in the sample.
    `column_losses` are columns by what the AUC loses without them.
    """

    auc: Estimate
    stretches: StretchSeparation | None
    column_losses: tuple[tuple[str, float], ...]
    rows: int


_RowEncoder = Callable[[pa.Table], Floats]  # (rows, columns), NaN for a missing number


def measure_separation(
    reference: ProfiledTable,
    current: ProfiledTable,
    shifts: Sequence[ColumnShift],
    ask: DriftSettings,
) -> Separation:
    """Tell the two sides apart by all columns together. An AUC of 0.5 is chance.

    Stretches of the reference are tried only where the interval lies above `ask.separable`, and
    rows have an order that means something.
    """
    from threadpoolctl import threadpool_limits

    sides = [_thin_rows(side.sample, _ROWS) for side in (reference, current)]
    coded = _row_encoder(sides[0], shifts)
    old, new = (coded(side) for side in sides)
    with threadpool_limits(1):
        folds = [_fit_fold(old, new, number) for number in range(_FOLDS)]
        truth = np.concatenate([fold.truth for fold in folds])
        auc = roc_auc(truth, np.concatenate([fold.scores(fold.rows) for fold in folds]))
        if auc.interval.low is None or auc.interval.low <= ask.separable:
            return Separation(auc, None, (), len(truth))
        telling = _column_losses(folds[0], [shift.name for shift in shifts])
        stretches = None
        if ask.order == "meaningful":
            stretches = _separate_stretches(reference, current.rows, (old, new), coded)
    return Separation(auc, stretches, telling, len(truth))


# --- rows as numbers --------------------------------------------------------------------------


def _thin_rows(rows: pa.Table, max_rows: int) -> pa.Table:
    if rows.num_rows <= max_rows:
        return rows
    return rows.take(pa.array(_spread_rows(rows.num_rows, max_rows)))


def _spread_rows(rows: int, max_rows: int) -> Integers:
    """Numbers of at most so many of the rows, evenly spread."""
    few = min(rows, max_rows)
    return np.arange(few, dtype=np.int64) * rows // max(few, 1)


def _row_encoder(reference: pa.Table, shifts: Sequence[ColumnShift]) -> _RowEncoder:
    """What makes codes of rows: numbers by the reference's quantiles, texts by their cell, which
    go by frequency. Few distinct codes are what makes the learner quick.
    """
    at = np.linspace(0, 1, _BINS + 1)[1:-1]
    edges: dict[str, Floats] = {}
    for shift in shifts:
        if shift.grid.edges is not None:
            values = numeric_values(reference.column(shift.name))
            known = values[~np.isnan(values)]
            # The method takes values as they are: between infinite ones nothing can be put.
            cuts = np.quantile(known, at, method="lower") if len(known) else known
            edges[shift.name] = np.unique(cuts)

    def coded(rows: pa.Table) -> Floats:
        columns = [_column_codes(rows.column(s.name), s, edges.get(s.name)) for s in shifts]
        return np.column_stack(columns)

    return coded


def _column_codes(column: pa.ChunkedArray, shift: ColumnShift, edges: Floats | None) -> Floats:
    if edges is None:
        return shift.grid.codes(column).astype(float)
    values = numeric_values(column)
    codes = np.searchsorted(edges, values, side="right")
    return np.where(np.isnan(values), np.nan, codes)


# --- the classifier ---------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Fold:
    """Rows of both sides that a model did not see, and whether they are new."""

    model: Any
    rows: Floats
    truth: Bools

    def scores(self, rows: Floats) -> Floats:
        found: Floats = self.model.predict_proba(rows)[:, 1]
        return found


def _fit_fold(old: Floats, new: Floats, number: int) -> _Fold:
    """One fold, of rows from all along each side. (Of a batch in sorted order, a fold of
    neighbours would be judged by what was learnt from rows of other kinds.)
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    rows, truth = np.vstack([old, new]), np.arange(len(old) + len(new)) >= len(old)
    held = np.concatenate([np.arange(len(side)) % _FOLDS == number for side in (old, new)])
    # Both sides weigh alike, however few the current rows are.
    weight = np.where(truth, 1 / len(new), 1 / len(old)) * len(rows) / 2
    model = HistGradientBoostingClassifier(
        max_iter=20, learning_rate=0.2, max_leaf_nodes=8, early_stopping=False, random_state=0
    )
    model.fit(rows[~held], truth[~held], weight[~held])
    return _Fold(model, rows[held], truth[held])


def _column_losses(fold: _Fold, names: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """What is lost when one column's values are shuffled (Breiman 2001), the most first."""
    order = np.random.default_rng(0).permutation(len(fold.rows))
    whole = roc_auc(fold.truth, fold.scores(fold.rows)).value
    lost = []
    for at, name in enumerate(names):
        shuffled = fold.rows.copy()
        shuffled[:, at] = fold.rows[order, at]
        lost.append((name, whole - roc_auc(fold.truth, fold.scores(shuffled)).value))
    return tuple(sorted(lost, key=lambda item: (-item[1], item[0])))


def _separate_stretches(
    reference: ProfiledTable, rows: int, sides: tuple[Floats, Floats], coded: _RowEncoder
) -> StretchSeparation | None:
    """Stretches that do not overlap, each told from the rest; and so are as many current rows."""
    sample = coded(_thin_rows(reference.sample, _ROWS_FOR_STRETCHES))
    length = int(len(sample) * min(rows / reference.rows, 1 / _STRETCHES))
    few = min(length, len(sides[1]))
    if few < _FEWEST:
        return None
    areas = []
    for number in range(_STRETCHES):
        start = (len(sample) - length) * number // (_STRETCHES - 1)
        rest = np.vstack([sample[:start], sample[start + length :]])
        areas.append(_stretch_auc(rest, sample[start : start + length], few))
    return StretchSeparation(
        mean_auc=float(np.mean(areas)),
        limit=min(0.5 + next_distance_limit(np.array(areas) - 0.5), 1.0),
        current=_stretch_auc(*sides, few),
    )


def _stretch_auc(rest: Floats, stretch: Floats, max_rows: int) -> float:
    """How well so many rows of a stretch are told from others, by one fold alone."""
    fold = _fit_fold(
        rest[_spread_rows(len(rest), _ROWS // 2)], stretch[_spread_rows(len(stretch), max_rows)], 0
    )
    return roc_auc(fold.truth, fold.scores(fold.rows)).value
