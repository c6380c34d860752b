"""What performance predictions can be expected to have, without labels.

Confidence-based performance estimation: a row with probability p is yes with probability p, so
the confusion of many rows, and all that follows from it, can be expected. Probabilities must mean
what they say: they are calibrated on the reference's labels first. It is right as long as the
labels' relation to the probabilities holds; labels that come later are the check on that, and
`importance_weights` asks what follows if they follow the features instead.

Source: Białek, Kuberski, Perrakis & Bifet, "Estimating model performance under covariate shift
without labels" (2024), and NannyML's documentation of CBPE.

Rows are counted by block of neighbours, decision and rung of probability. All estimates and their
errors (by leaving blocks out) come from these counts. Of a group, or of the labelled rows, blocks
are cut over these rows alone: they may lie together, and in blocks of all rows fill but one.
The calibration is an estimate too: it is learnt again without each block of labelled rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.config.gates import EstimableMetric
from assay.gates.drift.scored_rows import ScoredRows
from assay.gates.statistics.intervals import Bools, Floats
from assay.tables.distribution import Integers

BLOCKS: Final = 40
_BIN_COUNT: Final = 2048
_ROWS_AT_ONCE: Final = 1 << 18  # rows
_MOST_SAMPLED: Final = 1 << 16  # probabilities that are looked at to place the rungs


@dataclass(frozen=True, eq=False)
class CalibrationMap:
    """What share of yes the reference had at which probability: points, ascending, and linear
    between them."""

    probability: Floats
    share: Floats

    def calibrate(self, probability: Floats) -> Floats:
        """The calibrated probability of yes."""
        found: Floats = np.interp(probability, self.probability, self.share)
        return found


@dataclass(frozen=True, eq=False)
class ProbabilityBins:
    """Probabilities in about 4,000 rungs, and how they are calibrated.

    `jackknife_maps` are the calibrations learnt without each block of the reference's labelled
    rows; none where probabilities are taken as given.
    """

    edges: Floats
    calibration: CalibrationMap
    jackknife_maps: tuple[CalibrationMap, ...] = ()

    @classmethod
    def from_sides(cls, reference: ScoredRows, current: ScoredRows) -> ProbabilityBins:
        """Rungs dense where rows are, on either side; calibrated if the reference has labels.

        Without labels of both kinds, probabilities are taken as given.
        """
        steps = np.linspace(0, 1, _BIN_COUNT // 2 + 1)
        at = np.linspace(0, 1, _BIN_COUNT + 1)
        drawn = [np.quantile(_thin_values(side.probability), at) for side in (reference, current)]
        edges = np.unique(np.concatenate([steps, *drawn]))[1:]
        given = cls(edges, CalibrationMap(np.array([0.0, 1.0]), np.array([0.0, 1.0])))
        labels = reference.truth
        if labels is None or not (labels == 0).any() or not (labels == 1).any():
            return given
        weights = [None, reference.probability, reference.truth]
        blocks = [t.sum(axis=1) for t in _tally_blocks(reference, given, labels >= 0, weights)]
        sums = [block.sum(axis=0) for block in blocks]
        without = (fit_isotonic(*(s - b[i] for s, b in zip(sums, blocks, strict=True)))
                   for i in range(BLOCKS))  # fmt: skip
        return cls(edges, fit_isotonic(*sums), tuple(without))

    @property
    def is_calibrated(self) -> bool:
        return bool(self.jackknife_maps)

    def assign_bins(self, probability: Floats) -> Integers:
        found: Integers = np.searchsorted(self.edges, probability, side="right")
        return found


@dataclass(frozen=True, eq=False)
class BlockCounts:
    """Expected (or seen) rows of yes and of no, float64 (blocks, 2 decisions, rungs).

    `probability` is each rung's mean, and `jackknife_maps` the calibrations learnt without each
    block of the reference's labelled rows; none where labels were counted, or probabilities taken
    as given.
    """

    yes: Floats
    no: Floats
    probability: Floats
    jackknife_maps: tuple[CalibrationMap, ...] = ()

    @property
    def rows(self) -> float:
        return float(self.yes.sum() + self.no.sum())

    def metric_value(self, metric: EstimableMetric) -> float:
        return float(METRIC_FUNCTIONS[metric](self.yes.sum(axis=0), self.no.sum(axis=0)))

    def jackknife_values(self, metric: EstimableMetric) -> Floats:
        """The metric with each block left out in turn, (blocks,)."""
        yes, no = (c.sum(axis=0) - c for c in (self.yes, self.no))
        return METRIC_FUNCTIONS[metric](yes, no)

    def recalibrated_values(self, metric: EstimableMetric) -> Floats:
        """The metric of all rows by each calibration learnt without a block, (calibrations,)."""
        rows = self.yes.sum(axis=0) + self.no.sum(axis=0)
        yes = rows * self._shares[:, None, :]
        return METRIC_FUNCTIONS[metric](yes, rows - yes)

    @cached_property
    def _shares(self) -> Floats:
        """What each of these calibrations makes of each rung, (calibrations, rungs)."""
        made = [calibration.calibrate(self.probability) for calibration in self.jackknife_maps]
        return np.array(made).reshape(len(made), len(self.probability))

    def window_values(self, metric: EstimableMetric, blocks: int) -> Floats:
        """The metric of each run of so many blocks, not overlapping."""
        count = len(self.yes) // blocks
        shape = (count, blocks, *self.yes.shape[1:])
        runs = [c[: count * blocks].reshape(shape).sum(axis=1) for c in (self.yes, self.no)]
        return METRIC_FUNCTIONS[metric](*runs)


def expected_counts(
    side: ScoredRows, ladder: ProbabilityBins, mask: Bools | None = None
) -> BlockCounts:
    """What the probabilities promise of the rows in `mask` (all, if None)."""
    return _counts_from_bins(ladder, *_tally_blocks(side, ladder, mask, [None, side.probability]))


def weighted_counts(side: ScoredRows, ladder: ProbabilityBins, weights: Floats) -> BlockCounts:
    """What the probabilities promise of rows that count for `weights` rows each."""
    return _counts_from_bins(
        ladder, *_tally_blocks(side, ladder, None, [weights, weights * side.probability])
    )


def _counts_from_bins(ladder: ProbabilityBins, rows: Floats, probability: Floats) -> BlockCounts:
    # One rung's rows have nearly one probability: its mean stands for them all.
    with np.errstate(invalid="ignore"):
        mean = np.nan_to_num(probability.sum(axis=(0, 1)) / rows.sum(axis=(0, 1)))
    share = ladder.calibration.calibrate(mean)
    return BlockCounts(rows * share, rows * (1 - share), mean, ladder.jackknife_maps)


def realised_counts(
    side: ScoredRows, ladder: ProbabilityBins, mask: Bools | None = None
) -> BlockCounts:
    """What the labels of the labelled rows in `mask` say."""
    assert side.truth is not None, "only labelled rows have a realised performance"
    labelled = side.truth >= 0
    rows, yes = _tally_blocks(
        side, ladder, labelled if mask is None else labelled & mask, [None, side.truth]
    )
    return BlockCounts(yes, rows - yes, np.zeros(rows.shape[-1]))


def _tally_blocks(
    side: ScoredRows,
    ladder: ProbabilityBins,
    mask: Bools | None,
    weights: Sequence[NDArray[Any] | None],
) -> list[Floats]:
    """Sums of each of the weights (of ones, for None), (blocks, 2 decisions, rungs).

    In bounded memory, beyond what holds the rows.
    """
    rungs, rows, done = len(ladder.edges) + 1, len(side), 0
    total = rows if mask is None else max(int(mask.sum()), 1)
    sums = [np.zeros(BLOCKS * 2 * rungs) for _ in weights]
    for start in range(0, rows, _ROWS_AT_ONCE):
        stop = min(start + _ROWS_AT_ONCE, rows)
        chosen = (
            np.arange(start, stop) if mask is None else start + np.flatnonzero(mask[start:stop])
        )
        decided = 0 if side.decision is None else side.decision[chosen]
        block = np.arange(done, done + len(chosen)) * BLOCKS // total
        done += len(chosen)
        place = (block * 2 + decided) * rungs
        place += ladder.assign_bins(side.probability[chosen])
        for at, weight in enumerate(weights):
            held = None if weight is None else weight[chosen]
            sums[at] += np.bincount(place, weights=held, minlength=len(sums[at]))
    return [found.reshape(BLOCKS, 2, rungs) for found in sums]


def _thin_values(values: Floats) -> Floats:
    return values[:: max(len(values) // _MOST_SAMPLED, 1)]


def fit_isotonic(rows: Floats, probability: Floats, yes: Floats) -> CalibrationMap:
    """Learn from rows counted by rung, and their sums of probabilities and labels, (rungs,).

    Isotonic regression: Zadrozny & Elkan, KDD 2002.
    """
    from scipy.optimize import isotonic_regression

    some = rows > 0
    means = [total[some] / rows[some] for total in (probability, yes)]
    fitted = isotonic_regression(means[1], weights=rows[some]).x
    return CalibrationMap(means[0], np.clip(fitted, 0, 1))


# --- metrics of (..., decisions, rungs) -------------------------------------------------------


def _ratio(part: Floats, whole: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, part / whole, np.nan)


def _confusion(yes: Floats, no: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """True positives, false positives, false negatives, true negatives."""
    y, n = yes.sum(axis=-1), no.sum(axis=-1)
    return y[..., 1], n[..., 1], y[..., 0], n[..., 0]


def _accuracy(yes: Floats, no: Floats) -> Floats:
    tp, fp, fn, tn = _confusion(yes, no)
    return _ratio(tp + tn, tp + fp + fn + tn)


def _precision(yes: Floats, no: Floats) -> Floats:
    tp, fp, _, _ = _confusion(yes, no)
    return _ratio(tp, tp + fp)


def _recall(yes: Floats, no: Floats) -> Floats:
    tp, _, fn, _ = _confusion(yes, no)
    return _ratio(tp, tp + fn)


def _specificity(yes: Floats, no: Floats) -> Floats:
    _, fp, _, tn = _confusion(yes, no)
    return _ratio(tn, tn + fp)


def _balanced_accuracy(yes: Floats, no: Floats) -> Floats:
    return (_recall(yes, no) + _specificity(yes, no)) / 2


def _f1(yes: Floats, no: Floats) -> Floats:
    tp, fp, fn, _ = _confusion(yes, no)
    return _ratio(2 * tp, 2 * tp + fp + fn)


def _roc_auc(yes: Floats, no: Floats) -> Floats:
    """Pairs in the right order; those of one rung count half."""
    y, n = yes.sum(axis=-2), no.sum(axis=-2)
    below = np.cumsum(n, axis=-1) - n / 2
    return _ratio((y * below).sum(axis=-1), y.sum(axis=-1) * n.sum(axis=-1))


METRIC_FUNCTIONS: Final[Mapping[EstimableMetric, Callable[[Floats, Floats], Floats]]] = {
    "roc_auc": _roc_auc,
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "precision": _precision,
    "recall": _recall,
    "specificity": _specificity,
    "f1": _f1,
}
