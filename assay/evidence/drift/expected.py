"""What performance predictions can be expected to have, without labels.

Confidence-based performance estimation: a row with probability p is yes with probability p, so
the confusion of many rows, and all that follows from it, can be expected. Probabilities must mean
what they say: they are calibrated on the reference's labels first. It is right as long as the
labels' relation to the probabilities holds; labels that come later are the check on that.

Source: Białek, Kuberski, Perrakis & Bifet, "Estimating model performance under covariate shift
without labels" (2024), and NannyML's documentation of CBPE.

Rows are counted by block of neighbours, decision and rung of probability. All estimates and their
errors (by leaving blocks out) come from these counts. Of a group, or of the labelled rows, blocks
are cut over these rows alone: they may lie together, and in blocks of all rows fill but one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from assay.config.gates import Expected
from assay.evidence.drift.scored import Scored
from assay.evidence.statistics import Bools, Floats
from assay.tables.distribution import Integers

BLOCKS: Final = 40
_RUNGS: Final = 2048
_AT_ONCE: Final = 1 << 18  # rows
_DRAWN: Final = 1 << 16  # probabilities that are looked at to place the rungs


@dataclass(frozen=True, eq=False)
class Ladder:
    """Probabilities in about 4,000 rungs, and what share of yes the reference had on each.

    `probability` and `share` are the calibrator's points, ascending; it is linear between them.
    """

    edges: Floats
    probability: Floats
    share: Floats

    @classmethod
    def of(cls, reference: Scored, current: Scored) -> Ladder:
        """Rungs dense where rows are, on either side; calibrated if the reference has labels.

        Isotonic regression: Zadrozny & Elkan, KDD 2002. Without labels of both kinds,
        probabilities are taken as given.
        """
        steps = np.linspace(0, 1, _RUNGS // 2 + 1)
        at = np.linspace(0, 1, _RUNGS + 1)
        drawn = [np.quantile(_thinned(side.probability), at) for side in (reference, current)]
        edges = np.unique(np.concatenate([steps, *drawn]))[1:]
        given = cls(edges, np.array([0.0, 1.0]), np.array([0.0, 1.0]))
        labels = reference.truth
        if labels is None or not (labels == 0).any() or not (labels == 1).any():
            return given
        return cls(edges, *_isotonic(given, reference))

    @property
    def calibrated(self) -> bool:
        return len(self.probability) > 2 or bool((self.probability != self.share).any())

    def rungs(self, probability: Floats) -> Integers:
        found: Integers = np.searchsorted(self.edges, probability, side="right")
        return found

    def yes(self, probability: Floats) -> Floats:
        """The calibrated probability of yes."""
        found: Floats = np.interp(probability, self.probability, self.share)
        return found


@dataclass(frozen=True, eq=False)
class Counted:
    """Expected (or seen) rows of yes and of no, float64 (blocks, 2 decisions, rungs)."""

    yes: Floats
    no: Floats

    @property
    def rows(self) -> float:
        return float(self.yes.sum() + self.no.sum())

    def whole(self, metric: Expected) -> float:
        return float(METRICS[metric](self.yes.sum(axis=0), self.no.sum(axis=0)))

    def without_each(self, metric: Expected) -> Floats:
        """The metric with each block left out in turn, (blocks,)."""
        yes, no = (c.sum(axis=0) - c for c in (self.yes, self.no))
        return METRICS[metric](yes, no)

    def windows(self, metric: Expected, blocks: int) -> Floats:
        """The metric of each run of so many blocks, not overlapping."""
        count = len(self.yes) // blocks
        shape = (count, blocks, *self.yes.shape[1:])
        runs = [c[: count * blocks].reshape(shape).sum(axis=1) for c in (self.yes, self.no)]
        return METRICS[metric](*runs)


def expected(side: Scored, ladder: Ladder, mask: Bools | None = None) -> Counted:
    """What the probabilities promise of the rows in `mask` (all, if None)."""
    rows, probability = _tallied(side, ladder, mask, [None, side.probability])
    # One rung's rows have nearly one probability: its mean stands for them all.
    with np.errstate(invalid="ignore"):
        mean = np.nan_to_num(probability.sum(axis=(0, 1)) / rows.sum(axis=(0, 1)))
    share = ladder.yes(mean)
    return Counted(rows * share, rows * (1 - share))


def realised(side: Scored, ladder: Ladder, mask: Bools | None = None) -> Counted:
    """What the labels of the labelled rows in `mask` say."""
    assert side.truth is not None, "only labelled rows have a realised performance"
    labelled = side.truth >= 0
    rows, yes = _tallied(
        side, ladder, labelled if mask is None else labelled & mask, [None, side.truth]
    )
    return Counted(yes, rows - yes)


def weighted(side: Scored, ladder: Ladder, weights: Floats) -> Counted:
    """What the probabilities promise of rows that count for `weights` rows each."""
    yes = weights * ladder.yes(side.probability)
    return Counted(*_tallied(side, ladder, None, [yes, weights - yes]))


def _tallied(
    side: Scored, ladder: Ladder, mask: Bools | None, weights: Sequence[NDArray[Any] | None]
) -> list[Floats]:
    """Sums of each of the weights (of ones, for None), (blocks, 2 decisions, rungs).

    In bounded memory, beyond what holds the rows.
    """
    rungs, rows, done = len(ladder.edges) + 1, len(side), 0
    total = rows if mask is None else max(int(mask.sum()), 1)
    sums = [np.zeros(BLOCKS * 2 * rungs) for _ in weights]
    for start in range(0, rows, _AT_ONCE):
        stop = min(start + _AT_ONCE, rows)
        chosen = (
            np.arange(start, stop) if mask is None else start + np.flatnonzero(mask[start:stop])
        )
        decided = 0 if side.decision is None else side.decision[chosen]
        block = np.arange(done, done + len(chosen)) * BLOCKS // total
        done += len(chosen)
        place = (block * 2 + decided) * rungs
        place += ladder.rungs(side.probability[chosen])
        for at, weight in enumerate(weights):
            held = None if weight is None else weight[chosen]
            sums[at] += np.bincount(place, weights=held, minlength=len(sums[at]))
    return [found.reshape(BLOCKS, 2, rungs) for found in sums]


def _thinned(values: Floats) -> Floats:
    return values[:: max(len(values) // _DRAWN, 1)]


def _isotonic(given: Ladder, reference: Scored) -> tuple[Floats, Floats]:
    """The calibrator's points, learnt from the labelled rows of each rung together."""
    from sklearn.isotonic import IsotonicRegression

    assert reference.truth is not None, "asked for only with labels"
    weights = [None, reference.probability, reference.truth]
    sums = _tallied(reference, given, reference.truth >= 0, weights)
    rows, probability, yes = (total.sum(axis=(0, 1)) for total in sums)
    some = rows > 0
    means = [total[some] / rows[some] for total in (probability, yes)]
    model = IsotonicRegression(out_of_bounds="clip").fit(*means, sample_weight=rows[some])
    return model.X_thresholds_.astype(float), model.y_thresholds_.astype(float)


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


def _balanced(yes: Floats, no: Floats) -> Floats:
    return (_recall(yes, no) + _specificity(yes, no)) / 2


def _f1(yes: Floats, no: Floats) -> Floats:
    tp, fp, fn, _ = _confusion(yes, no)
    return _ratio(2 * tp, 2 * tp + fp + fn)


def _roc_auc(yes: Floats, no: Floats) -> Floats:
    """Pairs in the right order; those of one rung count half."""
    y, n = yes.sum(axis=-2), no.sum(axis=-2)
    below = np.cumsum(n, axis=-1) - n / 2
    return _ratio((y * below).sum(axis=-1), y.sum(axis=-1) * n.sum(axis=-1))


METRICS: Final[Mapping[Expected, Callable[[Floats, Floats], Floats]]] = {
    "roc_auc": _roc_auc,
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced,
    "precision": _precision,
    "recall": _recall,
    "specificity": _specificity,
    "f1": _f1,
}
