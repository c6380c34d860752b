"""How well each column tells the outcome on its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.gates.feasibility.labelled_rows import FOLDS, LabelledRows
from assay.gates.report import Interval
from assay.gates.statistics.auc import roc_auc
from assay.gates.statistics.intervals import Bools, Floats

BINS = 64


@dataclass(frozen=True, slots=True)
class ColumnAuc:
    """How well one column tells the outcome on its own."""

    name: str
    auc: float
    interval: Interval

    @property
    def low(self) -> float:
        return self.interval.low or 0.0


def score_single_columns(data: LabelledRows, labels: Bools | None = None) -> list[ColumnAuc]:
    """ROC AUC of each feature alone, for the target or other `labels`, with DeLong's interval;
    the most telling first.

    A number counts by its order, up or down, or by the out-of-fold share of positives in its
    bins, whichever tells more. Text and categories count by the share of each of their values,
    however many there are; of too many for the learner, the order by frequency counts too.
    """
    truth = data.labels if labels is None else labels
    found = []
    for i, name in enumerate(data.encoded_features.names):
        values, unordered = (
            data.encoded_features.matrix[:, i],
            data.encoded_features.is_categorical[i],
        )
        scores = [
            out_of_fold_share(
                data.folds, truth, bin_codes(values, bool(data.encoded_features.is_coded[i]))
            )
        ]
        if not unordered and not np.isnan(values).all():
            known = np.where(np.isnan(values), np.nanmedian(values), values)
            scores += [known, -known]
        best = max((roc_auc(truth, s, units=data.clusters) for s in scores), key=lambda e: e.value)
        found.append(ColumnAuc(name, best.value, best.interval))
    return sorted(found, key=lambda a: (-a.auc, a.name))


def bin_codes(values: Floats, coded: bool) -> np.ndarray:
    """Codes from 0: a category's own, or a number's quantile; missing values have the last."""
    missing = np.isnan(values)
    if missing.all():
        return np.zeros(len(values), dtype=np.int64)
    if coded:
        codes = np.where(missing, 0, values)
    else:
        edges = np.unique(np.nanquantile(values, np.linspace(0, 1, BINS + 1)[1:-1]))
        codes = np.searchsorted(edges, values, side="left")
    return np.where(missing, codes[~missing].max() + 1, codes).astype(np.int64)


def out_of_fold_share(folds: np.ndarray, labels: np.ndarray, codes: np.ndarray) -> Floats:
    """Share of positives, or mean, among the rows of the same code in the other folds."""
    shape = (FOLDS, int(codes.max()) + 1)
    cell = folds * shape[1] + codes
    rows = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    positives = np.bincount(cell, labels, minlength=rows.size).reshape(shape)
    others, told = rows.sum(axis=0) - rows, positives.sum(axis=0) - positives
    base = labels.mean()
    shares = (told + base) / (others + 1)  # a code unseen in the other folds says nothing
    return np.asarray(shares[folds, codes], dtype=float)
