"""Whether a text column holds more levels that the reference never held than chance would bring.

Of a column with many levels some are always new: what the reference did not hold is held against
what each window of it holds that no other window does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from assay.config.gates import DriftSettings
from assay.gates.drift.cell_grid import EncodedLevels
from assay.gates.statistics.intervals import Bools, Floats
from assay.tables.distribution import Integers
from assay.tables.profile import ColumnProfile

# Shorter windows than the batch cut runs of one level in two, and find too few levels alone.
_FEWEST_WINDOWS: Final = 5
_MOST_WINDOWS: Final = 20


@dataclass(frozen=True)
class UnseenLevels:
    """Share of current rows in levels that the reference never held, what share was to be
    expected, and p that chance brings as many."""

    share: float
    expected: float
    p: float

    @property
    def excess(self) -> float:
        """The share beyond what was to be expected."""
        return max(self.share - self.expected, 0.0)

    @property
    def effect(self) -> float:
        """What the excess adds to the Jensen-Shannon distance: rows of one side alone count in
        full, which are half their share in bits."""
        return math.sqrt(self.excess / 2)


def measure_unseen_levels(
    old: ColumnProfile,
    new: ColumnProfile,
    sample: EncodedLevels,
    ask: DriftSettings,
) -> UnseenLevels:
    """Compare the current rows in unseen levels with windows of the reference.

    `sample`: rows of the reference in its order; all of them, or spread evenly.
    """
    from scipy.stats import t

    dropped = max(side.distribution.dropped_bits for side in (old, new))
    known, now = (side.distribution.coarsen(dropped) for side in (old, new))
    strange = ~np.isin(now.keys, known.keys, assume_unique=True)
    share = float(now.counts[strange].sum() / max(new.rows, 1))
    window, count = _assign_windows(len(sample.place), old.rows // max(new.rows, 1), ask)
    if count < 2:
        return UnseenLevels(share, 0.0, 1.0)
    shift = np.int64(dropped)
    levels = np.searchsorted(known.keys, (sample.keys >> shift) << shift)
    row_levels = sample.take(levels.astype(np.int64), -1)
    alone = _shares_alone(row_levels, window, count, known.counts <= math.ceil(old.rows / count))
    mean, length = float(alone.mean()), old.rows / count
    variance = max(float(alone.var(ddof=1)), mean * (1 - mean) / length, 0.5 / old.rows / length)
    error = math.sqrt(variance * (length / max(new.rows, 1) + 1 / count))
    return UnseenLevels(share, mean, float(t.sf((share - mean) / error, count - 1)))


def _assign_windows(rows: int, times: int, ask: DriftSettings) -> tuple[Integers, int]:
    """The window of each row, and how many windows there are: as long as the current batch where
    there can be at least five of these."""
    count = min(max(times, _FEWEST_WINDOWS), _MOST_WINDOWS, rows // 2)
    place = np.arange(rows, dtype=np.int64)
    return (place % count if ask.order == "arbitrary" else place * count // max(rows, 1)), count


def _shares_alone(levels: Integers, window: Integers, count: int, may_be_alone: Bools) -> Floats:
    """By window, the share of its rows in levels that no other window holds.

    A sample sees few rows of a level: one that has more rows than a window is never alone.
    """
    some = levels >= 0
    place = levels[some] * count + window[some]
    rows = np.bincount(place, minlength=len(may_be_alone) * count).reshape(-1, count)
    alone = ((rows > 0).sum(axis=1) == 1) & may_be_alone
    found: Floats = rows[alone].sum(axis=0) / np.bincount(window, minlength=count)
    return found
