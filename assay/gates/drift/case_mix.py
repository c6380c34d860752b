"""What each column's shift does to the predictions, and what a changed mix of rows explains.

The reference's rows are weighted so that one column has the current batch's values in the current
shares, and everything else what it had beside them. What such rows are expected to be worth tells
what this one shift does (reweighting: Shimodaira, J. Stat. Plan. Inference 90, 2000; change by
change as in DiNardo, Fortin & Lemieux, Econometrica 64, 1996).

A drop may come from the mix alone: a batch of rows that are harder to tell, and were so in the
reference. Weights that give a column the current shares can always be found, so that says nothing
by itself. But if the batch is made of rows like the reference's, then *the other columns* follow:
they come to the current shares too, without having been asked. Where a column was rescaled,
mistyped or swapped, they do not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from assay.config.gates import EstimableMetric
from assay.gates.drift.cbpe import BlockCounts, ProbabilityBins, weighted_counts
from assay.gates.drift.column_shift import ColumnShift
from assay.gates.drift.scored_rows import ScoredRows
from assay.gates.statistics.distances import jensen_shannon
from assay.gates.statistics.intervals import Floats
from assay.tables.distribution import Integers

_COLUMNS: Final = 3  # a mix told in more columns tells people nothing
_GAIN: Final = 0.05  # of the others' shift that one more column must explain
_ROUNDS: Final = 20
_FEWEST: Final = 50.0  # reference rows, by Kish's count, that must stand behind a weighted one


class ReferenceCells(Protocol):
    """Sampled reference rows: how many, and each column's cells (rows,)."""

    @property
    def size(self) -> int: ...

    @property
    def codes(self) -> Mapping[str, Integers]: ...

    @property
    def current_rows(self) -> int:
        """Rows of the current batch."""


@dataclass(frozen=True, eq=False)
class ReferenceColumns:
    """The cells of sampled reference rows, whatever their predictions are."""

    size: int
    codes: Mapping[str, Integers]
    current_rows: int


@dataclass(frozen=True, eq=False)
class ReferenceSample:
    """Sampled reference rows: their predictions, and each column's cells (rows,)."""

    predictions: ScoredRows
    codes: Mapping[str, Integers]
    current_rows: int  # of the current batch

    @property
    def size(self) -> int:
        return len(self.predictions)


@dataclass(frozen=True, eq=False)
class CaseMix:
    """Reference rows weighted to the current shares of `columns`.

    `explained_share` is the share of the other columns' shift (Jensen-Shannon divergence, beyond
    chance) that is gone by it, and `shift_distance` that shift itself, as a distance.
    """

    columns: tuple[str, ...]
    explained_share: float
    shift_distance: float
    weights: Floats


def shift_effects(
    rows: ReferenceSample,
    shifts: Sequence[ColumnShift],
    ladder: ProbabilityBins,
    metric: EstimableMetric,
) -> dict[str, float | None]:
    """By column, the change in the expected metric that its shift alone would bring.

    None where too few reference rows have the values that the current batch has.
    """
    plain = weighted_counts(rows.predictions, ladder, np.ones(len(rows.predictions))).metric_value(
        metric
    )
    found: dict[str, float | None] = {}
    for shift in shifts:
        weights = _rake_weights(rows, [shift])
        change = weighted_counts(rows.predictions, ladder, weights).metric_value(metric) - plain
        seen = _effective_sample_size(weights) >= _FEWEST and np.isfinite(change)
        found[shift.name] = float(change) if seen else None
    return found


def find_case_mix(
    rows: ReferenceCells, shifts: Sequence[ColumnShift], shifted: Sequence[ColumnShift]
) -> CaseMix | None:
    """The columns, among the `shifted`, whose shares best explain how all the others moved.

    Greedy, one column more as long as it explains another 5 %. None if no other column moved, or
    too few reference rows stand behind the weights.
    """
    best: CaseMix | None = None
    chosen: list[ColumnShift] = []
    while len(chosen) < _COLUMNS:
        rest = [shift for shift in shifted if shift not in chosen and shift.unseen_share <= 0.5]
        tried = [_fit_mix(rows, shifts, [*chosen, shift]) for shift in rest]
        found = max((m for m in tried if m), key=lambda m: m.explained_share, default=None)
        if found is None or found.explained_share < (best.explained_share if best else 0) + _GAIN:
            break
        best = found
        chosen = [shift for shift in shifts if shift.name in found.columns]
    return best


def counted(rows: ReferenceSample, ladder: ProbabilityBins, mix: CaseMix | None) -> BlockCounts:
    """The expected counts of the reference's sample, at the mix if there is one."""
    weights = np.ones(len(rows.predictions)) if mix is None else mix.weights
    return weighted_counts(rows.predictions, ladder, weights)


def _fit_mix(
    rows: ReferenceCells, shifts: Sequence[ColumnShift], mix_shifts: Sequence[ColumnShift]
) -> CaseMix | None:
    names = tuple(shift.name for shift in mix_shifts)
    others = [shift for shift in shifts if shift.name not in names]
    weights = _rake_weights(rows, mix_shifts)
    if _effective_sample_size(weights) < _FEWEST:
        return None
    moved = sum(_divergence(rows, other, np.ones(len(weights))) for other in others)
    left = sum(_divergence(rows, other, weights) for other in others)
    if moved <= 0:
        return None
    return CaseMix(names, 1 - left / moved, math.sqrt(moved), weights)


def _rake_weights(rows: ReferenceCells, mix_shifts: Sequence[ColumnShift]) -> Floats:
    """Weights (rows,), mean 1, that give each chosen column the current shares of its cells.

    Cells without a reference row cannot be had and are left out. Iterative proportional fitting:
    Deming & Stephan, Annals of Mathematical Statistics 11 (1940).
    """
    weights = np.ones(rows.size)
    for _ in range(_ROUNDS if len(mix_shifts) > 1 else 1):
        for shift in mix_shifts:
            codes = rows.codes[shift.name]
            here = np.bincount(codes, weights=weights, minlength=len(shift.current))
            wanted = np.where(here > 0, shift.current, 0.0)
            ratio = np.divide(wanted, here, out=np.zeros_like(here), where=here > 0)
            weights = weights * ratio[codes]
            total = weights.sum()
            if total <= 0:
                return np.zeros(len(weights))
            weights *= len(weights) / total
    return weights


def _effective_sample_size(weights: Floats) -> float:
    """Rows that weigh as much as these would if they were alike (Kish 1965)."""
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def _divergence(rows: ReferenceCells, shift: ColumnShift, weights: Floats) -> float:
    """Divergence (bits) of a column from the current one, less what chance makes of it."""
    held = np.bincount(rows.codes[shift.name], weights=weights, minlength=len(shift.current))
    cells = int(((held > 0) | (shift.current > 0)).sum())
    noise = (
        (cells - 1)
        / (8 * math.log(2))
        * (1 / _effective_sample_size(weights) + 1 / max(rows.current_rows, 1))
    )
    return max(jensen_shannon(held, shift.current) ** 2 - noise, 0.0)
