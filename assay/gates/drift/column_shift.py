"""How far each column moved, and whether by more than stretches of the reference do."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from assay.config.gates import DriftSettings
from assay.gates.drift.cell_grid import (
    CellGrid,
    EncodedLevels,
    are_comparable,
    encode_levels,
)
from assay.gates.drift.unseen_levels import UnseenLevels, measure_unseen_levels
from assay.gates.report import Verdict
from assay.gates.statistics.distances import (
    chi_square,
    jensen_shannon,
    kolmogorov_smirnov,
    population_stability_index,
    wasserstein,
)
from assay.gates.statistics.intervals import Floats
from assay.gates.statistics.multiple_testing import benjamini_hochberg
from assay.gates.statistics.window_variation import (
    FEWEST_EXPECTED,
    WindowVariation,
    clustered_chi_square,
    measure_longer_windows,
    measure_window_variation,
)
from assay.tables.distribution import Integers
from assay.tables.profile import ColumnProfile
from assay.tables.profiled_table import ProfiledTable

_FEWEST: Final = 20  # windows of the reference; its rows say no more about longer ones
_MOST: Final = 256


@dataclass(frozen=True)
class _ShiftTest:
    """One test of a column: how far it moved, how far chance would move it, and p."""

    effect: float
    chance_effect: float
    p: float

    @property
    def excess_effect(self) -> float:
        return math.sqrt(max(self.effect**2 - self.chance_effect**2, 0.0))


@dataclass(frozen=True, eq=False)
class ColumnShift:
    """One column, reference against current. Shares are of all rows of a side.

    `effect` is the Jensen-Shannon distance over the grid's cells, missing values among them, and
    `chance_effect` what it would be on average without any shift. `p` is of the clustered
    chi-square, `adjusted_p` over all columns. Where levels have to share a cell, rows in levels
    that the reference never held are tested too; `effect` is then the larger of those that are
    significant, and `p` counts both. None for what has no meaning for the column.
    """

    name: str
    grid: CellGrid
    reference: Floats  # rows by cell
    current: Floats
    effect: float
    chance_effect: float
    p: float
    psi: float
    chi_square: float
    ks: float | None
    wasserstein: float | None  # in the reference's standard deviations
    missing_shares: tuple[float, float]
    unseen_share: float  # share of current rows with values outside the reference's
    expected_unseen: float  # what chance makes of that share
    new_values: tuple[str, ...]
    lost_values: tuple[str, ...]
    alike_rows: float | None = None
    """More than so many neighbouring rows of the reference are alike, which it is short for."""
    adjusted_p: float = 1.0
    verdict: Verdict = Verdict.UNKNOWN

    @property
    def excess_effect(self) -> float:
        """The effect without what chance makes of it; few rows always look far apart."""
        return math.sqrt(max(self.effect**2 - self.chance_effect**2, 0.0))

    @property
    def has_shifted(self) -> bool:
        return self.verdict is Verdict.CAUTION


def measure_shifts(
    reference: ProfiledTable, current: ProfiledTable, names: Sequence[str], ask: DriftSettings
) -> list[ColumnShift]:
    """Every column of `names` that both sides hold alike, in that order, judged together."""
    pairs = {
        name: (reference.profile.columns[name], current.profile.columns[name]) for name in names
    }
    found = [
        _measure_shift(name, old, new, (reference, current), ask)
        for name, (old, new) in pairs.items()
        if are_comparable(old, new)
    ]
    adjusted = benjamini_hochberg([shift.p for shift in found])
    return [_with_verdict(s, float(q), ask) for s, q in zip(found, adjusted, strict=True)]


def assign_windows(reference: ProfiledTable, rows: int, ask: DriftSettings) -> tuple[Integers, int]:
    """The window of each sampled reference row, and how many windows there are.

    Windows are stretches as long as the current batch, but no fewer than 20 and no more than 256.
    Where the order of rows is arbitrary, each window has rows from everywhere.
    """
    count = min(max(reference.rows // max(rows, 1), _FEWEST), _MOST)
    sampled = reference.sample.num_rows
    count = max(min(count, sampled // 2), 1)
    place = np.arange(sampled, dtype=np.int64)
    return (place % count if ask.order == "arbitrary" else place * count // max(sampled, 1)), count


def _measure_shift(
    name: str,
    old: ColumnProfile,
    new: ColumnProfile,
    sides: tuple[ProfiledTable, ProfiledTable],
    ask: DriftSettings,
) -> ColumnShift:
    reference, current = sides
    levels = None if old.numeric else encode_levels(reference.sample.column(name))
    fewest = _fewest_rows_of_level(levels, reference, current.rows, ask)
    grid = CellGrid.from_profiles(old, new, fewest)
    before, after = grid.counts(old), grid.counts(new)
    codes, cells = grid.codes(reference.sample.column(name)), len(grid.labels)
    known = _measure_variations(codes, cells, reference, current.rows, ask)
    unseen = None if levels is None else measure_unseen_levels(old, new, levels, ask)
    cells_test = _test_cells(before, after, known)
    if grid.is_too_rare:
        cells_test = replace(cells_test, p=1.0)
    test = _combine_tests(cells_test, unseen if grid.shares_a_cell else None, ask)
    fresh, gone = _new_and_lost_values(old, new)
    ks, moved = _numeric_distances(old, new)
    return ColumnShift(
        name,
        grid,
        before,
        after,
        effect=test.effect,
        chance_effect=test.chance_effect,
        p=test.p,
        psi=population_stability_index(before, after),
        chi_square=chi_square(before, after),
        missing_shares=(old.missing / max(old.rows, 1), new.missing / max(new.rows, 1)),
        unseen_share=_outside_share(old, new) if unseen is None else unseen.share,
        expected_unseen=0.0 if unseen is None else unseen.expected,
        new_values=fresh,
        lost_values=gone,
        ks=ks,
        wasserstein=moved,
        alike_rows=known[0].rows if len(known) > 1 else None,
    )


def _test_cells(before: Floats, after: Floats, variations: Sequence[WindowVariation]) -> _ShiftTest:
    """The test against the windows by which the shift is least sure."""
    tests = (clustered_chi_square(before, after, variation) for variation in variations)
    test = max(tests, key=lambda test: test.p)
    scale = 1 / max(before.sum(), 1) + 1 / max(after.sum(), 1)
    # To the second order the divergence is an eighth of Pearson's statistic per row, in nats.
    chance = math.sqrt(test.expected * scale / (8 * math.log(2)))
    return _ShiftTest(jensen_shannon(before, after), chance, test.p)


def _combine_tests(
    cells: _ShiftTest, unseen: UnseenLevels | None, ask: DriftSettings
) -> _ShiftTest:
    """Two tests have half the level each (Bonferroni)."""
    if unseen is None:
        return cells
    both = [cells, _ShiftTest(unseen.effect, 0.0, unseen.p)]
    surely = [test for test in both if 2 * test.p <= ask.level]
    main = max(surely, key=lambda test: test.excess_effect, default=cells)
    return replace(main, p=min(2 * cells.p, 2 * unseen.p, 1.0))


def _fewest_rows_of_level(
    levels: EncodedLevels | None, reference: ProfiledTable, rows: int, ask: DriftSettings
) -> float:
    """Rows that a level needs for a cell of its own: five independent ones.

    How many rows count for one is measured over classes that hashes make: levels that were chosen
    for their rows would mislead.
    """
    if levels is None:
        return FEWEST_EXPECTED
    known = _measure_variation(*levels.classes(), reference, rows, ask)
    return FEWEST_EXPECTED * (1 + known.between_variance * known.rows)


def _measure_variations(
    codes: Integers, cells: int, reference: ProfiledTable, rows: int, ask: DriftSettings
) -> list[WindowVariation]:
    """How cells vary between windows; between longer ones too, where windows are shorter than the
    current batch, because the reference is short, and neighbouring windows are alike."""
    table, length = _window_table(codes, cells, reference, rows, ask)
    longer = ask.order == "meaningful" and length < rows
    return [
        measure_window_variation(table, length),
        *(measure_longer_windows(table, length) if longer else ()),
    ]


def _measure_variation(
    codes: Integers, cells: int, reference: ProfiledTable, rows: int, ask: DriftSettings
) -> WindowVariation:
    return measure_window_variation(*_window_table(codes, cells, reference, rows, ask))


def _window_table(
    codes: Integers, cells: int, reference: ProfiledTable, rows: int, ask: DriftSettings
) -> tuple[Integers, float]:
    """Rows by window and cell, and the length of a window in rows."""
    window, count = assign_windows(reference, rows, ask)
    table = np.bincount(window * cells + codes, minlength=count * cells).reshape(count, cells)
    return table, reference.rows / count


def _numeric_distances(old: ColumnProfile, new: ColumnProfile) -> tuple[float | None, float | None]:
    """KS and Wasserstein over the whole distributions, the latter in reference deviations."""
    both = (old, new)
    if not all(c.numeric and len(c.distribution.keys) for c in both):
        return None, None
    dropped = max(c.distribution.dropped_bits for c in both)
    held = [c.distribution.coarsen(dropped) for c in both]
    sides = [(d.values(), d.counts) for d in held]
    ks = kolmogorov_smirnov(*sides[0], *sides[1])
    moments = old.mean_and_variance()
    if moments is None or new.mean_and_variance() is None or moments[1] <= 0:
        return ks, None
    return ks, wasserstein(*sides[0], *sides[1]) / math.sqrt(moments[1])


def _new_and_lost_values(
    old: ColumnProfile, new: ColumnProfile
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Values that came and that went, the most frequent first; none where they have no names."""
    if old.names is None or new.names is None:
        return (), ()
    return _only_in(new, set(old.names)), _only_in(old, set(new.names))


def _only_in(column: ColumnProfile, others: set[str]) -> tuple[str, ...]:
    rows: Mapping[str, int] = dict(
        zip(column.names or (), column.distribution.counts.tolist(), strict=True)
    )
    return tuple(sorted((n for n in rows if n not in others), key=lambda n: (-rows[n], n)))


def _outside_share(old: ColumnProfile, new: ColumnProfile) -> float:
    """Share of current rows outside the reference's range of numbers."""
    if old.low is None or old.high is None:
        return new.distribution.rows / max(new.rows, 1)
    values, floors = new.distribution.values(), new.distribution.floors()
    # By a cell's middle below, and by its floor above: a cell that straddles the end is inside.
    outside = (values < old.low) | (floors > old.high)
    return float(new.distribution.counts[outside].sum() / max(new.rows, 1))


def _with_verdict(shift: ColumnShift, adjusted: float, ask: DriftSettings) -> ColumnShift:
    return replace(shift, adjusted_p=adjusted, verdict=_verdict(shift, adjusted, ask))


def _verdict(shift: ColumnShift, adjusted: float, ask: DriftSettings) -> Verdict:
    if shift.excess_effect >= ask.effect:
        # A shift is no failure: what it does to the predictions may be.
        return Verdict.CAUTION if adjusted <= ask.level else Verdict.UNKNOWN
    # Where chance alone moves a column twice as far as counts, a real shift could hide in it.
    return Verdict.UNKNOWN if shift.chance_effect > 2 * ask.effect else Verdict.PASS
