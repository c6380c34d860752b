"""Rows read once, and the sums of any division of them.

Decisions are counted into cells. Probabilities are put in their order once; after that a division
takes a few passes over them, whatever the number of its groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from assay.dataset.groups import intersect_groups
from assay.gates.confusion_cells import ROWS_COLUMN, assign_cells, confusion_counts
from assay.gates.fairness.clustered_metrics import GroupRows
from assay.gates.fairness.metrics import MOMENTS, PLACEMENT_SUMS
from assay.gates.statistics.auc import sum_placements
from assay.gates.statistics.cluster_errors import Clusters
from assay.gates.statistics.intervals import Floats

BINS = 10  # of probabilities, all equally wide, the same for every group


@dataclass(frozen=True, slots=True)
class RankedRows:
    """Rows in the order of their probabilities, which makes sums the same for any order given."""

    cell: np.ndarray  # number of the row's cell
    rank: np.ndarray  # equal for equal probabilities
    probability: Floats
    rows: Floats  # how many rows each stands for


@dataclass(frozen=True, slots=True)
class ClusteredRows:
    """Rows one by one and in the order given, where some belong together."""

    cell: np.ndarray  # number of the row's cell
    probability: Floats | None
    rows: Floats  # how many rows each stands for
    clusters: Clusters


@dataclass(frozen=True, slots=True)
class PredictionTally:
    """All that the gate needs to know of the predictions."""

    cells: pd.DataFrame  # see `cells.count`
    ranked: RankedRows | None  # None without probabilities
    moments: pd.DataFrame  # sums by cell; no columns without probabilities
    clustered: ClusteredRows | None = None  # None where every row is its own

    def cell_labels(self, by: Sequence[str]) -> pd.Series:
        """The group of every cell."""
        return intersect_groups([self.cells[name] for name in by])

    def sums(self, by: Sequence[str]) -> pd.DataFrame:
        """Sums by group (index), float64: counts of each kind, and those of probabilities."""
        table = confusion_counts(self.cells, by).astype(float)
        if self.ranked is None:
            return table
        moments = self.moments.groupby(self.cell_labels(by).to_numpy()).sum()
        return table.join(moments).join(self._placements(by, table.index))

    def _placements(self, by: Sequence[str], groups: pd.Index) -> pd.DataFrame:
        assert self.ranked is not None, "only predictions with probabilities are ranked"
        group = groups.get_indexer(pd.Index(self.cell_labels(by)))[self.ranked.cell]
        truth = self.cells["truth"].to_numpy(bool)[self.ranked.cell]
        found = sum_placements(group, self.ranked.rank, truth, self.ranked.rows, len(groups))
        totals = (
            found.of_positives,
            found.of_positives_squared,
            found.of_negatives,
            found.of_negatives_squared,
        )
        return pd.DataFrame(dict(zip(PLACEMENT_SUMS, totals, strict=True)), index=groups)

    def group_rows(self, by: Sequence[str], group: str) -> GroupRows:
        """The rows of one group, one by one. Only where some belong together."""
        held = self.clustered
        assert held is not None, "rows are kept one by one only where some belong together"
        inside = (self.cell_labels(by) == group).to_numpy()[held.cell]
        cell = held.cell[inside]
        return GroupRows(
            truth=self.cells["truth"].to_numpy(bool)[cell],
            decision=self.cells["decision"].to_numpy(bool)[cell],
            probability=None if held.probability is None else held.probability[inside],
            rows=held.rows[inside],
            clusters=held.clusters.of(inside),
        )

    def calibration_bins(self, by: Sequence[str]) -> pd.DataFrame:
        """Columns rows, positives and p (a sum) by group and bin of the probability."""
        assert self.ranked is not None, "only predictions with probabilities have curves"
        held = self.ranked
        place = held.cell * BINS + np.minimum((held.probability * BINS).astype(int), BINS - 1)
        size = len(self.cells) * BINS
        rows = np.bincount(place, held.rows, minlength=size)
        found = pd.DataFrame(
            {
                "group": np.repeat(self.cell_labels(by).to_numpy(), BINS),
                "bin": np.tile(np.arange(BINS), len(self.cells)),
                "rows": rows,
                "positives": rows * np.repeat(self.cells["truth"].to_numpy(float), BINS),
                "p": np.bincount(place, held.rows * held.probability, minlength=size),
            }
        )
        return found.groupby(["group", "bin"]).sum()


def tally_predictions(
    predictions: pd.DataFrame, by: Sequence[str], clusters: Clusters | None = None
) -> PredictionTally:
    """Count predictions with columns `truth`, `decision`, `by`, and perhaps `probability`; where
    there is a column "(rows)", each stands for so many. `clusters` says which belong together.
    """
    cells, place = assign_cells(predictions, by)
    found = _tally_probabilities(predictions, cells, place)
    if clusters is None:
        return found
    probability = predictions["probability"].to_numpy(float) if found.ranked else None
    rows = _row_counts(predictions)
    return replace(found, clustered=ClusteredRows(place, probability, rows, clusters))


def _row_counts(predictions: pd.DataFrame) -> Floats:
    """How many rows each prediction stands for."""
    if ROWS_COLUMN in predictions:
        return predictions[ROWS_COLUMN].to_numpy(float)
    return np.ones(len(predictions))


def _tally_probabilities(
    predictions: pd.DataFrame, cells: pd.DataFrame, place: np.ndarray
) -> PredictionTally:
    if "probability" not in predictions:
        return PredictionTally(cells, None, pd.DataFrame(index=cells.index))
    probability = predictions["probability"].to_numpy(float)
    order = np.argsort(probability, kind="stable")
    rows = _row_counts(predictions)
    p = probability[order]
    rank = np.cumsum(np.diff(p, prepend=p[0]) > 0)
    ranked = RankedRows(place[order], rank, p, rows[order])
    return PredictionTally(cells, ranked, _moments(cells, ranked))


def _moments(cells: pd.DataFrame, ranked: RankedRows) -> pd.DataFrame:
    p = ranked.probability
    y = cells["truth"].to_numpy(float)[ranked.cell]
    d = p - y
    dd = d * d
    eps = np.finfo(float).eps  # where scikit-learn clips
    loss = -np.log(np.clip(np.where(y > 0, p, 1 - p), eps, 1 - eps))
    values = (p, p * p, d, np.abs(d), dd, dd * dd, dd * y, loss, loss * loss)
    return pd.DataFrame(
        {
            name: np.bincount(ranked.cell, ranked.rows * value, minlength=len(cells))
            for name, value in zip(MOMENTS, values, strict=True)
        },
        index=cells.index,
    )
