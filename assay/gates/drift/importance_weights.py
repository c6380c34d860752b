"""Probabilities calibrated on reference rows that are weighted to the current rows' features.

CBPE holds while outcomes follow the probabilities as in the reference. Where features move, a
model that misses something is wrong about the new rows in another way than about the old ones. If
outcomes still follow the *features*, reference rows tell how, once each is weighted by how much
more frequent its like is now: probabilities are calibrated anew on them (PAPE, M-CBPE). Weights
cannot speak for rows that the reference has none of: the share of these is measured as well.

Sources: Białek, Kuberski, Perrakis & Bifet (2024), as in `cbpe`; weights by a classifier: Sugiyama,
Suzuki & Kanamori, "Density Ratio Estimation in Machine Learning" (2012), chapter 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from assay.gates.drift.cbpe import CalibrationMap, ProbabilityBins, fit_isotonic
from assay.gates.drift.cell_grid import numeric_values
from assay.gates.drift.column_shift import ColumnShift
from assay.gates.drift.feature_rows import shuffled_order
from assay.gates.drift.scored_rows import ColumnRoles, LabelCodes, ScoredRows, read_scored_rows
from assay.gates.statistics.auc import roc_auc
from assay.gates.statistics.intervals import Bools, Estimate, Floats
from assay.tables.distribution import Integers

GROUPS: Final = 10  # of neighbours, left out in turn
_ROWS: Final = 10_000  # of each side
_FOLDS: Final = 2
_CAP: Final = 20.0  # a reference row stands for no more current rows than that
_MOST_UNSUPPORTED: Final = 0.05  # of current rows with a weight at the cap
_FEWEST_EFFECTIVE: Final = 100.0


@dataclass(frozen=True, eq=False)
class WeightedCalibration:
    """`bins`: the calibration at the current features, and those learnt without each tenth of rows.

    `unsupported_share`: share of current rows that the reference has hardly any like.
    `effective_rows`: as many reference rows of equal weight would say as much (Kish 1965).
    """

    bins: ProbabilityBins
    unsupported_share: float
    effective_rows: float

    @property
    def has_support(self) -> bool:
        """Whether the reference has rows like the current ones."""
        return (
            self.unsupported_share <= _MOST_UNSUPPORTED and self.effective_rows >= _FEWEST_EFFECTIVE
        )


def calibrate_at_current_features(
    samples: tuple[pa.Table, pa.Table],
    shifts: Sequence[ColumnShift],
    roles: ColumnRoles,
    bins: ProbabilityBins,
) -> WeightedCalibration | None:
    """From sampled rows of both sides; `shifts`: the features to weigh by.

    None where the reference's sample has not both kinds of labels.
    """
    from threadpoolctl import threadpool_limits

    old, new = (_thin_rows(sample) for sample in samples)
    scored = read_scored_rows(old, roles, "reference")
    if scored is None or scored.truth is None or set(np.unique(scored.truth)) < {0, 1}:
        return None
    rows = _BothSides(_encode_rows(old, shifts), _encode_rows(new, shifts))
    with threadpool_limits(1):
        whole = _weigh(rows)
        without = [_weigh(rows.leave_out(number)) for number in range(GROUPS)]
    kept = [rows.groups[0] != number for number in range(GROUPS)]
    maps = [
        _calibrate(scored, bins, one.reference, mask)
        for one, mask in zip(without, kept, strict=True)
    ]
    every = np.ones(len(scored), dtype=bool)
    weighted = ProbabilityBins(
        bins.edges, _calibrate(scored, bins, whole.reference, every), tuple(maps)
    )
    capped = float((whole.current >= _CAP).mean())
    squares = float((whole.reference**2).sum())
    return WeightedCalibration(weighted, capped, float(whole.reference.sum()) ** 2 / squares)


def _thin_rows(rows: pa.Table) -> pa.Table:
    if rows.num_rows <= _ROWS:
        return rows
    return rows.take(pa.array(np.arange(_ROWS, dtype=np.int64) * rows.num_rows // _ROWS))


def _encode_rows(rows: pa.Table, shifts: Sequence[ColumnShift]) -> Floats:
    """Numbers as they are, texts as their cells, (rows, columns)."""
    return np.column_stack(
        [
            numeric_values(rows.column(shift.name))
            if shift.grid.edges is not None
            else shift.grid.codes(rows.column(shift.name)).astype(float)
            for shift in shifts
        ]
    )


# --- weights ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class DensityRatio:
    """How much more frequent each reference row's like is among the current rows, (rows,).

    `auc`: how well a classifier tells the sides apart, out of fold; 0.5 is chance.
    `capped_share`: share of current rows that the reference has hardly any like.
    """

    weights: Floats
    auc: Estimate
    capped_share: float

    @property
    def has_moved(self) -> bool:
        """Whether the rows surely differ from the reference's, by however little."""
        low = self.auc.interval.low
        return low is not None and low > 0.5

    @property
    def effective_rows(self) -> float:
        """As many reference rows of equal weight would say as much (Kish 1965)."""
        squares = float((self.weights**2).sum())
        return float(self.weights.sum()) ** 2 / squares if squares else 0.0

    @property
    def has_support(self) -> bool:
        """Whether the reference has rows like the current ones."""
        return self.capped_share <= _MOST_UNSUPPORTED and self.effective_rows >= _FEWEST_EFFECTIVE


def measure_density_ratio(reference: Floats, current: Floats) -> DensityRatio:
    """From encoded rows of both sides, (rows, columns). The order of rows does not matter."""
    from threadpoolctl import threadpool_limits

    orders = [shuffled_order(side) for side in (reference, current)]
    sides = _BothSides(reference[orders[0]], current[orders[1]])
    with threadpool_limits(1):
        truth, chance = _chances(sides)
    odds = chance / np.maximum(1 - chance, 1e-12) * len(reference) / len(current)
    weights = np.empty(len(reference))
    weights[orders[0]] = np.minimum(odds[~truth], _CAP)
    return DensityRatio(weights, roc_auc(truth, chance), float((odds[truth] >= _CAP).mean()))


@dataclass(frozen=True, eq=False)
class _BothSides:
    """Rows of both sides, (rows, columns) each."""

    reference: Floats
    current: Floats

    @property
    def groups(self) -> tuple[Integers, Integers]:
        """The group of neighbours of each row, by side."""
        old, new = (
            np.arange(len(side)) * GROUPS // max(len(side), 1)
            for side in (self.reference, self.current)
        )
        return old, new

    def leave_out(self, group: int) -> _BothSides:
        old, new = self.groups
        return _BothSides(self.reference[old != group], self.current[new != group])


@dataclass(frozen=True, eq=False)
class _Weights:
    """How much more frequent each row's like is on the current side, at most the cap; (rows,)."""

    reference: Floats
    current: Floats


def _weigh(rows: _BothSides) -> _Weights:
    """Odds that a row is a current one, out of fold, times the sides' sizes."""
    truth, chance = _chances(rows)
    odds = chance / np.maximum(1 - chance, 1e-12) * len(rows.reference) / len(rows.current)
    weights = np.minimum(odds, _CAP)
    return _Weights(weights[~truth], weights[truth])


def _chances(rows: _BothSides) -> tuple[Bools, Floats]:
    """Of all rows, the reference's first: whether each is a current one, and with what chance."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    sides = (rows.reference, rows.current)
    values = np.vstack(sides)
    truth = np.arange(len(values)) >= len(rows.reference)
    fold = np.concatenate([np.arange(len(side)) % _FOLDS for side in sides])
    chance = np.empty(len(values))
    for number in range(_FOLDS):
        model = HistGradientBoostingClassifier(
            max_iter=60, max_leaf_nodes=8, min_samples_leaf=40, l2_regularization=1.0,
            early_stopping=False, random_state=0,
        )  # fmt: skip
        model.fit(values[fold != number], truth[fold != number])
        chance[fold == number] = model.predict_proba(values[fold == number])[:, 1]
    return truth, chance


def _calibrate(
    scored: ScoredRows, bins: ProbabilityBins, weights: Floats, mask: Bools
) -> CalibrationMap:
    """The calibration of the labelled rows in `mask`, which have these weights."""
    truth: LabelCodes | None = scored.truth
    assert truth is not None, "only labelled rows calibrate"
    labelled = truth[mask] >= 0
    rung = bins.assign_bins(scored.probability[mask][labelled])
    weight = weights[labelled]
    sums = [
        np.bincount(rung, weights=weight * value, minlength=len(bins.edges) + 1)
        for value in (
            np.ones(len(weight)),
            scored.probability[mask][labelled],
            truth[mask][labelled].astype(np.float64),
        )
    ]
    return fit_isotonic(*(total.astype(np.float64) for total in sums))
