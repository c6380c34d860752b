"""Probabilities of several classes, calibrated on labelled rows, each class against the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from assay.gates.drift.cbpe import CalibrationMap, fit_isotonic
from assay.gates.statistics.intervals import Floats
from assay.problems.multiclass.scored_classes import ScoredClasses
from assay.tables.distribution import Integers

_RUNGS: Final = 4096  # of probabilities, by their quantiles, where more are distinct


@dataclass(frozen=True)
class IsotonicCalibration:
    """One isotonic map a class; calibrated probabilities are made to sum to 1."""

    maps: Sequence[CalibrationMap]

    def calibrate(self, probability: Floats) -> Floats:
        """(rows, classes), each row again; one for which no class remains stays as it is."""
        found = np.column_stack(
            [one.calibrate(column) for one, column in zip(self.maps, probability.T, strict=True)]
        )
        total = found.sum(axis=1, keepdims=True)
        given = probability / probability.sum(axis=1, keepdims=True)
        return np.where(total > 0, found / np.where(total > 0, total, 1.0), given)


class CalibrationTally:
    """Labelled rows counted by block, class and rung of probability: calibrations come from these
    counts, without any block in turn.
    """

    def __init__(self, scored: ScoredClasses, block: Integers, weights: Floats) -> None:
        """`block`: each row's, (rows,). `weights`: how much it counts."""
        blocks = int(block.max()) + 1
        self._sums = [
            _count_rungs(scored.probability[:, at], scored.truth == at, block, blocks, weights)
            for at in range(len(scored.classes))
        ]
        self.blocks = blocks

    def whole(self) -> IsotonicCalibration:
        return IsotonicCalibration([fit_isotonic(*sums.sum(axis=1)) for sums in self._sums])

    def without(self, block: int) -> IsotonicCalibration:
        """Learnt from all rows but those of a block."""
        return IsotonicCalibration(
            [fit_isotonic(*(sums.sum(axis=1) - sums[:, block])) for sums in self._sums]
        )


def _count_rungs(
    probability: Floats, is_class: Floats, block: Integers, blocks: int, weights: Floats
) -> Floats:
    """Rows, and sums of their probabilities and labels, (3, blocks, rungs)."""
    distinct = np.unique(probability)
    if len(distinct) > _RUNGS:
        at = np.linspace(0, 1, _RUNGS)
        distinct = np.unique(np.quantile(probability, at, method="lower"))
    rung = np.searchsorted(distinct, probability, side="right") - 1
    place = block * len(distinct) + rung
    return np.array(
        [
            np.bincount(place, weights=weights * value, minlength=blocks * len(distinct)).reshape(
                blocks, len(distinct)
            )
            for value in (np.ones(len(probability)), probability, is_class.astype(np.float64))
        ]
    )
