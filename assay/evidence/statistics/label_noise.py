"""How many labels are likely wrong, by the confident joint of labels and predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.evidence.report import Interval
from assay.evidence.statistics.intervals import Bools, Floats
from assay.evidence.statistics.proportions import wilson
from assay.evidence.statistics.resampling import multinomial_draws, percentile_interval


@dataclass(frozen=True, slots=True)
class Noise:
    """`share` of the rows whose label is likely wrong, and of the positive and the negative rows.

    `doubted` marks the rows that are confidently predicted as the class they do not bear;
    `settled` is the share of rows that are confidently predicted as either.
    """

    share: float
    interval: Interval
    of_positives: float
    of_negatives: float
    settled: float
    doubted: Bools


def confident_joint(
    truth: Bools,
    probability: Floats,
    *,
    independent: int | None = None,
    positives: float | None = None,
    seed: int = 0,
) -> Noise:
    """The share of wrong labels, from out-of-sample `probability` of the positive class.

    A row counts for a class when its probability of it is at least the mean over the rows that
    bear it; of two, for the likelier. The counts by label and class, each label's scaled to all
    rows that bear it, estimate the joint of given and true labels. Northcutt, Jiang & Chuang,
    J. Artif. Intell. Res. 70 (2021), as cleanlab does. The interval is a bootstrap of the
    counts, as if of `independent` rows where rows hang together. Where no label is doubted, draws
    cannot vary: then Wilson's limits for none of the rows that are settled. `positives` is the
    share of positive labels where that is not the rows' own, for they were sampled otherwise.

    A model's own errors count as wrong labels. Only where all but the wrong labels can be told
    does the model settle nearly all rows, and is this the noise. Raises ValueError unless `truth`
    holds both classes.
    """
    if truth.all() or not truth.any():
        raise ValueError("the confident joint needs rows of both classes")
    yes = probability >= probability[truth].mean()
    no = 1 - probability >= (1 - probability)[~truth].mean()
    counts_for = np.where(yes & (~no | (probability > 0.5)), 1, np.where(no, 0, 2))
    cells = np.bincount(truth * 3 + counts_for, minlength=6).astype(float)
    weight = 1.0 if independent is None else independent / len(truth)
    drawn = multinomial_draws(cells * weight, seed=seed)
    of_negatives, of_positives = _wrong(cells[None, :])
    share = _share(cells[None, :], positives)
    settled = float(cells.reshape(2, 3)[:, :2].sum())
    none = wilson(0, settled * weight)
    return Noise(
        share=float(share[0]),
        interval=percentile_interval(_share(drawn, positives)) if share[0] > 0 else none,
        of_positives=float(of_positives[0]),
        of_negatives=float(of_negatives[0]),
        settled=settled / len(truth),
        doubted=np.asarray((counts_for != truth) & (counts_for < 2)),
    )


def _wrong(cells: Floats) -> tuple[Floats, Floats]:
    """Shares of the negative and of the positive rows (draws,) that bear the wrong label."""
    table = cells.reshape(len(cells), 2, 3)[:, :, :2]
    kept = np.maximum(table.sum(axis=2), 1.0)
    return table[:, 0, 1] / kept[:, 0], table[:, 1, 0] / kept[:, 1]


def _share(cells: Floats, positives: float | None) -> Floats:
    rows = cells.reshape(len(cells), 2, 3).sum(axis=2)
    share = rows[:, 1] / rows.sum(axis=1) if positives is None else positives
    of_negatives, of_positives = _wrong(cells)
    return np.asarray(of_negatives * (1 - share) + of_positives * share)
