"""The share of wrong labels, estimated by the confident joint of labels and predictions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.gates.report import Interval
from assay.gates.statistics.intervals import Bools, Estimate, Floats, make_interval
from assay.gates.statistics.proportions import newcombe_limits, wilson_interval
from assay.gates.statistics.resampling import multinomial_draws, percentile_interval

_LEVEL_RISE = 0.2  # see `LabelNoise.is_level`
_SUREST_LEVEL = 0.99  # a model sometimes errs even there, which must not decide
_RISE_LEVEL = 0.9  # only the upper limit counts, so 5 % lie beyond it


@dataclass(frozen=True, slots=True)
class LabelNoise:
    """The `share` of rows whose label is likely wrong, also of positive and of negative rows.

    `doubted_rows` marks rows that are confidently predicted as the other class than their label.
    Take the half of the rows confidently predicted as either class of which the model is surest.
    `surest` is the share of doubted rows there, and `rise` how much larger it is in the other half.
    """

    share: float
    interval: Interval
    of_positives: float
    of_negatives: float
    surest: Estimate
    rise: Estimate
    doubted_rows: Bools

    @property
    def is_level(self) -> bool:
        """Whether doubted labels are surely about as frequent where the model is less sure.

        Wrong labels are equally frequent wherever the model is sure. Outcomes that nothing
        determines go against the model more often as its probability approaches one half. With log
        odds spread normally and no wrong label, the rise is more than 0.2 of the way from `surest`
        to one half, and less only where `surest` is below 0.02.
        """
        high = self.rise.interval.high
        return high is not None and high <= _LEVEL_RISE * (0.5 - self.surest.value)


def confident_joint(
    truth: Bools,
    probability: Floats,
    *,
    independent: int | None = None,
    positives: float | None = None,
    seed: int = 0,
) -> LabelNoise:
    """The share of wrong labels, from out-of-sample `probability` of the positive class.

    A row counts for a class if its probability of that class is at least the mean over the rows
    with that label; if it counts for both, the likelier one is taken. The counts by label and
    class, each label's scaled to all rows with that label, estimate the joint of given and true
    labels. Northcutt, Jiang & Chuang, J. Artif. Intell. Res. 70 (2021), as in cleanlab.

    The interval is a bootstrap of the counts, as if of `independent` rows if rows are correlated.
    If no label is doubted, draws cannot vary: then it is Wilson's for none of the confidently
    predicted rows. `positives` is the share of positive labels, if sampling changed it.

    A model's own errors, and outcomes that nothing determines, count as wrong labels in `share`;
    `surest` and `rise` show whether they may explain it. Raises ValueError unless `truth` holds
    both classes.
    """
    if truth.all() or not truth.any():
        raise ValueError("the confident joint needs rows of both classes")
    yes = probability >= probability[truth].mean()
    no = 1 - probability >= (1 - probability)[~truth].mean()
    counts_for = np.where(yes & (~no | (probability > 0.5)), 1, np.where(no, 0, 2))
    cells = np.bincount(truth * 3 + counts_for, minlength=6).astype(float)
    weight = 1.0 if independent is None else independent / len(truth)
    drawn = multinomial_draws(cells * weight, seed=seed)
    of_negatives, of_positives = _wrong_shares(cells[None, :])
    share = _overall_wrong_share(cells[None, :], positives)
    none = wilson_interval(0, float(cells.reshape(2, 3)[:, :2].sum()) * weight)
    doubted = np.asarray((counts_for != truth) & (counts_for < 2))
    own = np.ones(len(truth))
    if positives is not None:
        held = truth.mean()
        own = np.where(truth, positives / held, (1 - positives) / (1 - held))
    surest, rise = _doubts_by_certainty(counts_for, probability, doubted, own * weight)
    return LabelNoise(
        share=float(share[0]),
        interval=percentile_interval(_overall_wrong_share(drawn, positives))
        if share[0] > 0
        else none,
        of_positives=float(of_positives[0]),
        of_negatives=float(of_negatives[0]),
        surest=surest,
        rise=rise,
        doubted_rows=doubted,
    )


def _doubts_by_certainty(
    counts_for: NDArray[np.int64], probability: Floats, doubted: Bools, weights: Floats
) -> tuple[Estimate, Estimate]:
    """The share of doubted labels in the surer half of the confidently predicted rows.

    Also how much larger it is in the other half.
    """
    surer = np.zeros(len(doubted), dtype=bool)
    for side, certainty in ((0, -probability), (1, probability)):
        rows = np.flatnonzero(counts_for == side)
        surer[rows[np.argsort(-certainty[rows], kind="stable")[: len(rows) // 2]]] = True
    halves = [surer, (counts_for < 2) & ~surer]
    rows_of = [float(weights[half].sum()) for half in halves]
    wrong = [float(weights[half & doubted].sum()) for half in halves]
    shares = [w / max(n, 1e-12) for w, n in zip(wrong, rows_of, strict=True)]
    low, high = newcombe_limits(wrong[1], rows_of[1], wrong[0], rows_of[0], _RISE_LEVEL)
    return (
        Estimate(shares[0], wilson_interval(wrong[0], rows_of[0], _SUREST_LEVEL)),
        Estimate(shares[1] - shares[0], make_interval(low, high, _RISE_LEVEL)),
    )


def _wrong_shares(cells: Floats) -> tuple[Floats, Floats]:
    """Shares of negative and of positive rows (draws,) with a wrong label."""
    table = cells.reshape(len(cells), 2, 3)[:, :, :2]
    kept = np.maximum(table.sum(axis=2), 1.0)
    return table[:, 0, 1] / kept[:, 0], table[:, 1, 0] / kept[:, 1]


def _overall_wrong_share(cells: Floats, positives: float | None) -> Floats:
    rows = cells.reshape(len(cells), 2, 3).sum(axis=2)
    share = rows[:, 1] / rows.sum(axis=1) if positives is None else positives
    of_negatives, of_positives = _wrong_shares(cells)
    return np.asarray(of_negatives * (1 - share) + of_positives * share)
