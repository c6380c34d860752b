"""The test rows that a model is asked about again, in an order that their contents give.

No random number is drawn for it: rows are sorted by a hash of what they hold, so that neither their
order in the table nor the names of their columns decide which are taken and what is exchanged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from assay.gates.statistics.cluster_errors import Clusters, find_clusters
from assay.learning.signature import cast_frame
from assay.tables.rowhash import row_hashes

Ints = NDArray[np.int64]

MIN_ROWS: Final = 30
"""Fewer test rows are not explained."""
MOST_ROWS: Final = 2_000
MOST_ANSWERS: Final = 150_000
"""Rows that a model is asked about for the importance of all columns together, roughly."""
_LEAST_SAMPLE: Final = 500
_MOST_REPEATS: Final = 3
_MOST_BLOCKS: Final = 10
_ROWS_OF_BLOCK: Final = 20
FOLDS: Final = 5


class ExplainedModel(Protocol):
    """A model behind its signature, such as `ScoringModel`."""

    signature: dict[str, Any]

    @property
    def columns(self) -> list[str]:
        """All columns that it needs."""

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Its answers, on the frame's own index."""


@dataclass(frozen=True, eq=False)
class ExplainedRows:
    """Rows in their new order. `features`: as the models' pipelines take them. `predictions`: the
    stored answers of the same rows. `block`: ascending codes of the jackknife's blocks; rows of
    one unit are of one block. `clusters`: as in other gates. `all_rows`: how many there were.
    """

    features: pd.DataFrame
    predictions: pd.DataFrame
    block: Ints
    clusters: Clusters | None
    repeats: int
    all_rows: int

    def __len__(self) -> int:
        return len(self.block)

    @property
    def blocks(self) -> int:
        return int(self.block[-1]) + 1

    @property
    def fold(self) -> Ints:
        """The fifth of each row: whole blocks."""
        return np.asarray(self.block * FOLDS // self.blocks)

    def donors(self) -> Ints:
        """For each repeat and row the row whose values it gets, (repeats * rows,): another one of
        its block, and in every repeat a different one.
        """
        found = np.empty((self.repeats, len(self)), dtype=np.int64)
        starts = np.flatnonzero(np.r_[True, np.diff(self.block) > 0])
        for start, end in zip(starts, [*starts[1:], len(self)], strict=True):
            size = end - start
            for repeat in range(self.repeats):
                shift = max(1, (repeat + 1) * size // (self.repeats + 1))
                found[repeat, start:end] = start + (np.arange(size) + shift) % size
        return found.reshape(-1)


def arrange_rows(
    features: pd.DataFrame,
    predictions: pd.DataFrame,
    models: Sequence[ExplainedModel],
    *,
    units: pd.Series | None = None,
    seed: int = 0,
) -> ExplainedRows:
    """Cast, sort and, of many, sample the test rows. All arguments hold the same rows in the same
    order; `features` has at least the models' columns. Raises DataError for wrong types.
    """
    frame = _cast_columns(features, models)
    content = frame.assign(**{_TRUTH: predictions["truth"].to_numpy()})
    key = row_hashes(pa.Table.from_pandas(content, preserve_index=False), salt=seed)
    clusters = None if units is None else find_clusters(units.to_numpy(), str(units.name))
    if clusters is None:
        order = np.argsort(key, kind="stable")
    else:  # rows of one unit side by side
        first = np.full(int(clusters.codes.max()) + 1, np.iinfo(np.uint64).max, dtype=np.uint64)
        np.minimum.at(first, clusters.codes, key)
        order = np.lexsort((key, clusters.codes, first[clusters.codes]))
    least, most = MOST_ANSWERS // max(frame.shape[1], 1), MOST_ROWS
    rows = min(len(frame), max(_LEAST_SAMPLE, min(most, least)))
    order = order[:rows]
    taken = None if clusters is None else Clusters(clusters.codes[order], clusters.name)
    block = _blocks(rows, taken)
    smallest = int(np.bincount(block).min()) if rows else 0
    wanted = MOST_ANSWERS // max(rows * frame.shape[1], 1)
    return ExplainedRows(
        features=frame.iloc[order].reset_index(drop=True),
        predictions=predictions.iloc[order].reset_index(drop=True),
        block=block,
        clusters=taken,
        repeats=int(np.clip(wanted, 1, max(1, min(_MOST_REPEATS, smallest - 1)))),
        all_rows=len(frame),
    )


_TRUTH: Final = "\0truth"  # no column of a table is called so


def _cast_columns(features: pd.DataFrame, models: Iterable[ExplainedModel]) -> pd.DataFrame:
    """The models' columns in the table's order."""
    kept: dict[str, pd.Series] = {}
    for model in models:
        cast = cast_frame(features, model.signature["inputs"])
        for name in model.columns:
            kept.setdefault(name, cast[name] if name in cast else features[name])
    names = [name for name in features.columns if name in kept]
    return pd.DataFrame({name: kept[name] for name in names}, index=features.index)


def _blocks(rows: int, clusters: Clusters | None) -> Ints:
    """Codes 0, 1, 2 ... of blocks of about equal size, each of whole clusters."""
    count = int(np.clip(rows // _ROWS_OF_BLOCK // FOLDS * FOLDS, FOLDS, _MOST_BLOCKS))
    place = np.arange(rows)
    if clusters is not None:
        new = np.r_[True, np.diff(clusters.codes) != 0]
        place = np.flatnonzero(new)[np.cumsum(new) - 1]
    codes = place * count // max(rows, 1)
    return np.asarray(np.unique(codes, return_inverse=True)[1], dtype=np.int64)
