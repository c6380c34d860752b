"""What the checks share: the labelled rows, their truth, folds, and a quick learner's answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa

from assay.config.use_case import UseCase
from assay.evidence.feasibility.encode import Encoded, encode
from assay.evidence.statistics import Bools, Floats
from assay.tables import row_hashes

FOLDS = 5
CELLS_PER_SECOND = 50_000  # features times rows that all checks together bear, with room to spare
FEWEST_ROWS = 2_000  # below, sampling would cost more certainty than it saves time


@dataclass(frozen=True)
class Material:
    """The rows that have a label, `truth` aligned with them, and the columns a model may see."""

    use_case: UseCase
    frame: pd.DataFrame
    truth: Bools
    features: tuple[str, ...]
    seed: int

    @cached_property
    def rows(self) -> np.ndarray:
        """Numbers of the rows that learners see: all, or a sample that keeps the share of
        positives. How many is decided by counts alone, never by the clock, so that the same
        inputs give the same report."""
        most = int(self.use_case.feasibility.within * CELLS_PER_SECOND / len(self.features))
        most = max(most, FEWEST_ROWS)
        total = len(self.frame)
        if total <= most:
            return np.arange(total)
        rng = np.random.default_rng(self.seed)
        classes = [np.flatnonzero(self.truth == side) for side in (True, False)]
        sizes = [min(len(c), max(round(len(c) * most / total), min(len(c), 500))) for c in classes]
        picked = [rng.choice(c, n, replace=False) for c, n in zip(classes, sizes, strict=True)]
        return np.sort(np.concatenate(picked))

    @cached_property
    def labels(self) -> Bools:
        """Truth of the sampled rows."""
        return np.asarray(self.truth[self.rows])

    @cached_property
    def encoded(self) -> Encoded:
        """Features of the sampled rows."""
        return encode(self.frame.iloc[self.rows][list(self.features)])

    @cached_property
    def units(self) -> np.ndarray:
        """Which entity each sampled row belongs to: rows of one stay on one side of a fold."""
        codes: np.ndarray = pd.factorize(self.split_keys[self.rows])[0]
        return codes

    @cached_property
    def folds(self) -> np.ndarray:
        """Fold of each sampled row, 0 to 4. Entities stay whole, and classes are spread evenly:
        dealt out in the order of their share of positives, every fold gets some of each."""
        rng = np.random.default_rng(self.seed)
        share = np.bincount(self.units, self.labels) / np.bincount(self.units)
        order = np.lexsort((rng.random(len(share)), share))
        dealt = np.empty(len(share), dtype=np.int64)
        dealt[order] = np.arange(len(share)) % FOLDS
        return np.asarray(dealt[self.units])

    @cached_property
    def split_keys(self) -> np.ndarray:
        """What decides on which side of the split a row falls, as a hash (uint64) a row."""
        split, data = self.use_case.split, self.use_case.data
        if split.by == "group":
            assert split.column is not None
            return self.hashes([split.column])
        if data.identity:
            return self.hashes(data.identity)
        if split.by == "time":
            return np.arange(len(self.frame)).astype(np.uint64)
        return self.hashes([n for n in self.frame.columns if n != data.target.column])

    def hashes(self, columns: Sequence[str]) -> np.ndarray:
        """A hash (uint64) of each labelled row over `columns`."""
        chosen = self.frame[list(columns)]
        return np.asarray(row_hashes(pa.Table.from_pandas(chosen, preserve_index=False)))

    @cached_property
    def answers(self) -> Floats:
        """Out-of-fold probability of each sampled row."""
        return self._out_of_fold(share=1.0)

    @cached_property
    def answers_from_half(self) -> Floats:
        """The same, learned from half of the rows."""
        return self._out_of_fold(share=0.5)

    def _out_of_fold(self, share: float) -> Floats:
        rng = np.random.default_rng(self.seed)
        found = np.empty(len(self.rows))
        kept = rng.permutation(self.units.max() + 1)[self.units] < share * (self.units.max() + 1)
        for fold in range(FOLDS):
            held = self.folds == fold
            found[held] = self.learn(~held & kept, held)
        return found

    def learn(self, fit: Bools, held: Bools) -> Floats:
        """Probabilities for the `held` rows by a learner that saw the `fit` rows alone."""
        from sklearn.ensemble import HistGradientBoostingClassifier
        from threadpoolctl import threadpool_limits

        if len(np.unique(self.labels[fit])) < 2:  # too few entities in half the rows
            return np.full(int(held.sum()), float(self.labels[fit].mean()) if fit.any() else 0.5)
        learner = HistGradientBoostingClassifier(
            max_iter=60,
            max_leaf_nodes=15,
            min_samples_leaf=10,
            l2_regularization=1.0,
            early_stopping=False,
            categorical_features=self.encoded.categorical,
            random_state=self.seed,
        )
        # Its threads, left free on shared cores, have been seen to take ten times as long.
        with threadpool_limits(limits=1):
            learner.fit(self.encoded.matrix[fit], self.labels[fit])
            answers: Floats = learner.predict_proba(self.encoded.matrix[held])[:, 1]
        return answers
