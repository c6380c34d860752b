"""The average precision of one ranking or two: its bootstrap over binned ranks, and its limits."""

from __future__ import annotations

import numpy as np

from assay.gates.statistics.design_effect import effective_rows
from assay.gates.statistics.intervals import Bools, Floats
from assay.gates.statistics.proportions import wilson_limits
from assay.gates.statistics.resampling import multinomial_draws

BINS = 512  # of scores, for one ranking
PAIRED_BINS = 64  # the same in each of two rankings


def share_limits(value: float, truth: Bools) -> tuple[float, float]:
    """Limits of an average precision as of a share of the positives.

    After Boyd, Eng & Page, ECML PKDD 2013, with Wilson's interval, which holds at 1 too.
    """
    positives = int(truth.sum())
    low, high = wilson_limits(value * positives, positives)
    return float(low), float(high)


def chance_excess(truth: Bools, weights: Floats | None = None) -> float:
    """By how much a random ranking is expected to exceed the prevalence, which is what a model that
    ranks nothing scores.

    Expected precision at the place of a positive, over all orders of n rows with P positives:
    ((P - 1) / (n - 1) (n - H) + H) / n, with the harmonic number H of n. Bestgen, The Prague
    Bulletin of Mathematical Linguistics 103 (2015) 131-138. Rows with `weights` are taken for as
    many equal ones as they are worth: an approximation.
    """
    n, positives = len(truth), int(truth.sum())
    if weights is not None:
        n = max(round(effective_rows(weights)), 1)
        positives = round(n * float(np.average(truth, weights=weights)))
    if n < 2:
        return 0.0
    harmonic = float((1.0 / np.arange(1, n + 1)).sum())
    return ((positives - 1) / (n - 1) * (n - harmonic) + harmonic) / n - positives / n


def precision_influence(truth: Bools, probability: Floats, weights: Floats | None = None) -> Floats:
    """How the average precision changes with each row's weight, (rows,); they sum to zero.

    With h positives among the rows of one value, F positives and S rows down to it, and P in all,
    it is the sum of h F / (S P) over values. A row's weight enters h at its own value, F and S
    there and at all lower ones, and P. Of rows with `weights`, it is the change with a row's
    weight, times that weight.
    """
    values, place = np.unique(-probability, return_inverse=True)
    counted = truth if weights is None else truth * weights
    hits = np.bincount(place, counted, minlength=len(values))
    found, seen = hits.cumsum(), np.bincount(place, weights, minlength=len(values)).cumsum()
    with np.errstate(invalid="ignore"):  # rows of weight 0 alone, at the top
        precision = np.nan_to_num(found / seen)
    positives, seen = float(counted.sum()), np.where(seen > 0, seen, 1)
    value = float((hits * precision).sum() / positives)
    gained = (hits / seen)[::-1].cumsum()[::-1]  # by one positive more, at each value and below
    diluted = (hits * precision / seen)[::-1].cumsum()[::-1]  # by one row more
    change = truth * (precision + gained - value)[place] - diluted[place]
    return np.asarray((change if weights is None else weights * change) / positives)


def bootstrap_draws(
    truth: Bools, probabilities: tuple[Floats, ...], seed: int
) -> tuple[list[Floats], list[float]]:
    """Bootstrap draws of each model's average precision, and its value, both over binned ranks."""
    bins = BINS if len(probabilities) == 1 else PAIRED_BINS
    ranks = [_rank_bins(truth, each, bins) for each in probabilities]
    joint = truth.astype(np.int64)
    for rank in ranks:
        joint = joint * bins + rank
    cells, rows = np.unique(joint, return_counts=True)
    drawn = np.vstack([rows, multinomial_draws(rows, seed=seed)])  # the rows themselves first
    positive = cells // bins ** len(probabilities) == 1
    found = []
    for i in range(len(probabilities)):
        place = cells // bins ** (len(probabilities) - 1 - i) % bins
        found.append(_average_precision(drawn, positive, place, bins))
    return [values[1:] for values in found], [float(values[0]) for values in found]


def _rank_bins(truth: Bools, values: Floats, bins: int) -> np.ndarray:
    """Bins numbered from the highest value, each with about as many positives.

    A bin holds positives and what ranks between them and the bin before, so that average precision
    over bins is exact where each holds one positive. Equal values share a bin.
    """
    positives = np.sort(values[truth])
    above = len(positives) - np.searchsorted(positives, values, side="right")
    return np.asarray(above * (bins - 1) // len(positives))


def _average_precision(draws: Floats, positive: Bools, place: np.ndarray, bins: int) -> Floats:
    """Per draw: sum over bins, best first, of the recall gained times the precision so far."""
    into = np.zeros((len(place), bins))
    into[np.arange(len(place)), place] = 1.0
    hits = (draws * positive) @ into
    found, seen = hits.cumsum(axis=1), (draws @ into).cumsum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(seen > 0, found / seen, 0.0)
        return np.asarray((hits * precision).sum(axis=1) / found[:, -1])
