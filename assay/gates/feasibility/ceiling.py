"""Check 3: how good could any model be, by what nearest neighbours tell?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.config.gates import LOWER_IS_BETTER, ErrorCosts, PerformanceMetric
from assay.gates.feasibility.data import FeasibilityData
from assay.gates.feasibility.score_estimates import estimate_scores
from assay.gates.report import Check, Interval, Sheet, Verdict
from assay.gates.statistics.intervals import Bools, Floats
from assay.gates.statistics.means import mean_estimate
from assay.gates.statistics.nearest_neighbours import (
    bayes_error_bound,
    neighbour_errors,
    neighbour_errors_1d,
)
from assay.gates.statistics.proportions import wilson_interval

MAX_QUERY_ROWS = 4_000  # rows whose nearest neighbour is looked for
MAX_REFERENCE_ROWS = 16_000  # rows among which it is looked for
MAX_CELLS = 1_500_000  # known rows times dimensions: bounds time and memory
MIN_QUERY_ROWS = 200  # rows asked for; fewer would not tell a share of errors to 0.07
MAX_CATEGORY_DIMENSIONS = 30  # values of a category that have a dimension each
DOUBLINGS = 2  # of the rows: more is no plan. The error may go on falling as fast as it did


@dataclass(frozen=True)
class NeighbourErrorRate:
    """How often the nearest neighbour of another entity bears the other label.

    `error` with its interval; `possible_fall` is how much lower it might be with four times the
    rows; `space` names what the distance is of.
    """

    error: float
    low: float
    high: float
    possible_fall: float
    space: str
    rows: int

    @property
    def least_error(self) -> float:
        """The least that the error might be, were there many more rows."""
        return max(self.low - self.possible_fall, 0.0)


def check_ceiling(
    data: FeasibilityData, goals: dict[PerformanceMetric, float]
) -> tuple[list[Check], Sheet | None]:
    """A check per score in `goals` that an error rate bounds, and what the bounds are.

    The bound comes out too high with finitely many rows, most of all in many dimensions. So the
    smaller of two errors is taken, of neighbours in the features and in the quick learner's
    answers (Renggli and others, "Automatic feasibility study via data quality analysis for
    ML", ICDE 2023), and no check fails by a bound that might yet fall below its target.
    """
    found = neighbour_error_rate(data)
    if found is None:
        return [], None
    share = float(data.labels.mean())
    cost = data.use_case.performance.cost
    checks = [
        _check(data, name, goal, found)
        for name, goal in goals.items()
        if best_possible_score(name, 0.2, share, cost) is not None
    ]
    return checks, _sheet(found, share, cost, goals)


def best_possible_score(
    name: PerformanceMetric, error: float, share: float, cost: ErrorCosts
) -> float | None:
    """The best value of a score that an asymptotic neighbour error of `error` leaves possible.

    None for scores that it does not bound. `share` is that of positives; e is the Bayes error's
    bound. ROC AUC: the curve stays below the line where errors cost e, which cuts a triangle of
    e^2 / (2 share (1 - share)) off the unit square. Brier: the error is twice the best Brier
    score itself (Cover & Hart 1967, equation 31); log loss: entropy >= 4 ln 2 p (1 - p).
    """
    e = min(float(bayes_error_bound(error)), share, 1 - share)
    capped = min(error, 2 * share * (1 - share))
    bounds: dict[PerformanceMetric, float] = {
        "accuracy": 1 - e,
        "balanced_accuracy": 1 - e / (2 * max(share, 1 - share)),
        "roc_auc": 1 - e**2 / (2 * share * (1 - share)),
        "brier": capped / 2,
        "log_loss": 2 * float(np.log(2)) * capped,
        "cost": min(cost.false_positive, cost.false_negative) * e,
    }
    return bounds.get(name)


def neighbour_error_rate(data: FeasibilityData) -> NeighbourErrorRate | None:
    """The smaller of the two errors; None for too few rows. One fold is asked for, the other
    four are known, so that no entity is its own neighbour. None too where a rare class is sampled
    more densely than it is: among more of its rows, neighbours err as they would not elsewhere."""
    rng = np.random.default_rng(data.seed)
    held = data.folds == 0
    _, first = np.unique(data.units[held], return_index=True)
    asked, known = np.flatnonzero(held)[first], rng.permutation(np.flatnonzero(~held))
    if len(asked) < MIN_QUERY_ROWS or data.weights is not None:
        return None
    ways = [_error_in_features(data, known, rng.permutation(asked)[:MAX_QUERY_ROWS])]
    ways.append(_error_in_probabilities(data, known, asked))
    return min(ways, key=lambda way: way.error)


def _error_in_features(
    data: FeasibilityData, reference_rows: np.ndarray, query_rows: np.ndarray
) -> NeighbourErrorRate:
    points = _points(data)
    reference_rows = reference_rows[
        : min(MAX_REFERENCE_ROWS, max(MAX_CELLS // points.shape[1], MIN_QUERY_ROWS))
    ]
    sizes = [len(reference_rows) // 2, len(reference_rows)]
    truth = data.labels
    half, full = neighbour_errors(
        points[reference_rows], truth[reference_rows], points[query_rows], truth[query_rows], sizes
    )
    return _error_rate(half, full, f"{points.shape[1]} dimensions of the features")


def _error_in_probabilities(
    data: FeasibilityData, reference_rows: np.ndarray, query_rows: np.ndarray
) -> NeighbourErrorRate:
    """In one dimension neighbours are near at once; what more rows change is the learner."""
    truth, full, half = data.labels, data.probabilities, data.probabilities_from(0.5)
    wrong, before = (
        neighbour_errors_1d(
            a[reference_rows], truth[reference_rows], a[query_rows], truth[query_rows]
        )
        for a in (full, half)
    )
    return _error_rate(before, wrong, "the quick learner's answers")


def _error_rate(half: Bools, full: Bools, space: str) -> NeighbourErrorRate:
    interval = wilson_interval(full.sum(), len(full))
    gain = mean_estimate(half.astype(float) - full).interval
    assert interval.low is not None
    assert interval.high is not None
    fall = DOUBLINGS * max(gain.high or 0.0, 0.0)
    return NeighbourErrorRate(
        float(full.mean()), interval.low, interval.high, fall, space, len(full)
    )


def _points(data: FeasibilityData) -> Floats:
    """Each feature as dimensions (rows, dimensions) of like extent: a number by its rank, a
    category by one dimension a value (rare ones none), a missing value in the middle."""
    made = []
    for values, coded in zip(
        data.encoded_features.matrix.T, data.encoded_features.is_coded, strict=True
    ):
        if coded:
            # Codes go by frequency. Two different values are 1 apart.
            most = int(min(np.nanmax(values, initial=0.0) + 1, MAX_CATEGORY_DIMENSIONS))
            made.append((values[:, None] == np.arange(most)) / np.sqrt(2))
        else:
            made.append(_ranks(values)[:, None])
    return np.hstack(made)


def _ranks(values: Floats) -> Floats:
    from scipy.stats import rankdata

    ranks = rankdata(values, nan_policy="omit")
    shares = (ranks - 0.5) / max(np.isfinite(values).sum(), 1)
    return np.asarray(np.nan_to_num(shares, nan=0.5))


def _check(
    data: FeasibilityData, name: PerformanceMetric, goal: float, error_rate: NeighbourErrorRate
) -> Check:
    share, cost = float(data.labels.mean()), data.use_case.performance.cost
    sign = -1.0 if name in LOWER_IS_BETTER else 1.0
    ends = [
        best_possible_score(name, e, share, cost)
        for e in (error_rate.error, error_rate.low, error_rate.high)
    ]
    best, loose, tight = (float(end) for end in ends if end is not None)
    at_most = best_possible_score(name, error_rate.least_error, share, cost)
    had = estimate_scores(data, name, data.probabilities[None, :]).values[0]
    assert at_most is not None
    verdict = Verdict.PASS
    if sign * had >= sign * goal:
        pass  # no bound rules out what is had already
    elif sign * goal > sign * at_most:
        verdict = Verdict.FAIL
    elif sign * goal > sign * loose:
        verdict = Verdict.UNKNOWN
    elif sign * goal > sign * tight:
        verdict = Verdict.CAUTION
    low, high = sorted((loose, tight))
    return Check(
        name=f"ceiling[{name}]",
        claim=f"The best possible model may reach {name} of {goal:g}",
        verdict=verdict,
        statistic=f"best possible {name}, by nearest neighbours",
        estimate=best,
        interval=Interval(low=low, high=high),
        threshold=goal,
        why=_why(error_rate, verdict),
        remedy=_REMEDY[verdict],
        hard=False,
        rows=error_rate.rows,
    )


def _why(error_rate: NeighbourErrorRate, verdict: Verdict) -> str:
    base = (
        f"{error_rate.error:.1%} of {error_rate.rows:,} rows have a nearest neighbour of the other "
        f"outcome, in {error_rate.space}: a Bayes error of "
        f"{float(bayes_error_bound(error_rate.error)):.1%} or more"
    )
    if verdict is Verdict.UNKNOWN:
        return (
            f"{base}. More rows may lower that share by {error_rate.possible_fall:.1%}, so the "
            "bound is not reliable yet."
        )
    return f"{base}."


_REMEDY = {
    Verdict.PASS: "",
    Verdict.CAUTION: "Add rows to know more exactly, or columns that bear on the outcome.",
    Verdict.UNKNOWN: "Leave out columns that say little, or add rows: neighbours are far apart.",
    Verdict.FAIL: "Add columns that bear on the outcome, or lower the target: rows that look alike"
    " in these features differ in outcome too often.",
}


def _sheet(
    error_rate: NeighbourErrorRate,
    share: float,
    cost: ErrorCosts,
    goals: dict[PerformanceMetric, float],
) -> Sheet:
    names: list[PerformanceMetric] = [
        "accuracy",
        "balanced_accuracy",
        "roc_auc",
        "brier",
        "log_loss",
        "cost",
    ]
    rows = [
        (
            name,
            *(
                best_possible_score(name, e, share, cost)
                for e in (error_rate.error, error_rate.low, error_rate.high)
            ),
            goals.get(name),
        )
        for name in names
    ]
    return Sheet(
        title="Best scores that any model could have",
        columns=("score", "bound", "at best", "at worst", "target"),
        rows=tuple(rows),
        note="Cover and Hart's bound by the nearest neighbour. A bound from finitely many rows is"
        " too strict: a better view of the features may beat it.",
    )
