"""What every question's checks share: the labelled rows, their features, units and folds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from assay.config.use_case import UseCase
from assay.gates.feasibility.all_rows import AllRows
from assay.gates.feasibility.encoded_features import EncodedFeatures, encode_features
from assay.gates.statistics.intervals import Floats

FOLDS = 5


def deal_folds(units: np.ndarray, outcomes: np.ndarray, seed: int) -> np.ndarray:
    """Fold of each row, 0 to 4. Units (codes, a row each) stay whole, and outcomes are spread
    evenly: dealt out in the order of their mean outcome, every fold gets some of each."""
    rng = np.random.default_rng(seed)
    mean = np.bincount(units, outcomes) / np.bincount(units)
    order = np.lexsort((rng.random(len(mean)), mean))
    dealt = np.empty(len(mean), dtype=np.int64)
    dealt[order] = np.arange(len(mean)) % FOLDS
    return np.asarray(dealt[units])


@dataclass(frozen=True)
class LabelledRows(ABC):
    """What is counted of all labelled rows; those that are kept, `frame`, with their outcome,
    `truth`, and their place among all, `kept_rows`; and the columns that a model may see."""

    use_case: UseCase
    all_rows: AllRows
    frame: pd.DataFrame
    truth: np.ndarray
    kept_rows: np.ndarray
    features: tuple[str, ...]
    seed: int

    @property
    @abstractmethod
    def sampled_rows(self) -> np.ndarray:
        """Numbers of the kept rows that learners see: all, or a sample."""

    @cached_property
    def labels(self) -> np.ndarray:
        """Truth of the sampled rows."""
        return np.asarray(self.truth[self.sampled_rows])

    @property
    def weights(self) -> Floats | None:
        """How many rows each sampled row stands for, 1 on average; None where that is 1 for all."""
        return None

    @cached_property
    def encoded_features(self) -> EncodedFeatures:
        """Features of the sampled rows."""
        return encode_features(self.frame.iloc[self.sampled_rows][list(self.features)])

    @cached_property
    def units(self) -> np.ndarray:
        """What the split goes by, a code a row: rows of one stay on one side of a fold."""
        codes: np.ndarray = pd.factorize(self.all_rows.units[self.kept_rows][self.sampled_rows])[0]
        return codes

    @cached_property
    def entities(self) -> np.ndarray:
        """Which entity each sampled row belongs to as the use case tells, by an identity or a group
        to split by. Where it tells none, each row is one: people who look alike are not the same.
        """
        told = self.use_case.data.identity or self.use_case.split.by == "group"
        return self.units if told else np.arange(len(self.sampled_rows))

    @cached_property
    def clusters(self) -> np.ndarray | None:
        """The same where entities have several rows, which then hang together; else None."""
        return self.entities if int(self.entities.max()) + 1 < len(self.entities) else None

    @cached_property
    def folds(self) -> np.ndarray:
        """Fold of each sampled row, 0 to 4; what the split keeps together stays in one fold."""
        return deal_folds(self.units, self.labels, self.seed)
