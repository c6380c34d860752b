"""Whether columns go together as in the reference: how well its principal components rebuild rows.

The reference's errors are held against those of stretches of itself, so that runs of alike rows do
not pass for drift. On a bounded sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from assay.config.gates import DriftSettings
from assay.gates.drift.cell_grid import numeric_values
from assay.gates.drift.column_shift import ColumnShift, assign_windows
from assay.gates.statistics.intervals import Floats
from assay.tables.profiled_table import ProfiledTable

_VARIANCE: Final = 0.65  # that the kept components hold, as in NannyML
_CLIP_AT: Final = 6.0  # standard deviations at which a value is cut off


@dataclass(frozen=True)
class Reconstruction:
    """Mean error of rebuilding current rows less the reference's, in standard deviations of a
    row's error; `p` by how the means of the reference's stretches vary."""

    effect: float
    p: float
    components: int
    rows: int


def measure_reconstruction(
    reference: ProfiledTable,
    current: ProfiledTable,
    shifts: Sequence[ColumnShift],
    ask: DriftSettings,
) -> Reconstruction | None:
    """Rebuild rows from the components that hold 65 % of the reference's variance.

    None where the reference's columns do not vary. Components are learnt on one half of the
    reference's rows, its own errors taken on the other.
    """
    both = [_standardised_rows(side.sample, shifts, reference) for side in (reference, current)]
    learn, held, new = both[0][::2], both[0][1::2], both[1]
    varied = learn.std(axis=0) > 0
    if not varied.any() or len(held) < 2 or len(new) < 2:
        return None
    learn, held, new = learn[:, varied], held[:, varied], new[:, varied]
    centre = learn.mean(axis=0)
    base = _components(learn - centre)
    errors = [_reconstruction_errors(rows - centre, base) for rows in (held, new)]
    spread = float(errors[0].std())
    if spread <= 1e-12:
        return None
    effect = (float(errors[1].mean()) - float(errors[0].mean())) / spread
    scaled, count = errors[0] / spread, assign_windows(reference, current.rows, ask)[1]
    p = _p_of_mean(scaled, effect, count, (reference.rows, current.rows))
    return Reconstruction(effect, p, len(base), len(held) + len(new))


def _standardised_rows(
    rows: pa.Table, shifts: Sequence[ColumnShift], reference: ProfiledTable
) -> Floats:
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
            values = numeric_values(column)
            moments = reference.profile.columns[shift.name].mean_and_variance() or (0.0, 0.0)
            mean, spread = moments[0], float(np.sqrt(moments[1]))
        scaled = (values - mean) / spread if spread > 0 else np.zeros(len(values))
        columns.append(np.clip(np.nan_to_num(scaled), -_CLIP_AT, _CLIP_AT))
    return np.column_stack(columns) if columns else np.empty((rows.num_rows, 0))


def _components(rows: Floats) -> Floats:
    """The first principal components of centred rows, those that hold enough of the variance;
    from the columns' products, a thousand times smaller than the rows.
    """
    size, directions = np.linalg.eigh(rows.T @ rows)
    size, directions = np.maximum(size[::-1], 0), directions.T[::-1]
    kept = int(np.searchsorted(np.cumsum(size) / size.sum(), _VARIANCE)) + 1
    return directions[:kept]


def _reconstruction_errors(rows: Floats, components: Floats) -> Floats:
    left = rows - rows @ components.T @ components
    error: Floats = np.sqrt(np.einsum("ij,ij->i", left, left))
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
