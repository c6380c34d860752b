"""What decisions cost at every threshold, and whether another one would have been cheaper."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.config.gates import ErrorCosts
from assay.gates.performance import display
from assay.gates.performance.point_scores import (
    ModelPredictions,
    enough_rows,
    point_score,
    too_few_remedy,
    trivial_policies,
)
from assay.gates.performance.scores import estimate_score, score_difference
from assay.gates.report import Cell, Check, Figure, Interval, Point, Series, Sheet, Verdict
from assay.gates.statistics.cluster_errors import Clusters, weights_of
from assay.gates.statistics.intervals import Bools, Estimate, Floats, make_interval, verdict_at_most
from assay.gates.statistics.resampling import multinomial_draws, percentile_interval

BINS = 400  # of probabilities, for what is drawn or chosen anew
FOLDS = 5
_WEIGHTED_DRAWS = 200  # of all rows, one by one
CURVE_POINTS = 120  # points of a curve that an eye can tell apart


@dataclass(frozen=True, slots=True)
class ThresholdCosts:
    """Costs per row by threshold, on given rows.

    `chosen_threshold` is the threshold that the decisions follow, None where there is no single
    one. `cheapest_threshold` is the one that costs least on these very rows, with its bootstrap
    interval.
    `saving` is what choosing so on other rows saves on these, per row; `max_saving` the most that
    it may save. `trivial_cost` is the cost of always saying `trivial_policy`.
    """

    thresholds: Floats
    costs: Floats
    chosen_threshold: float | None
    current_cost: Estimate
    cheapest_threshold: Estimate
    cheapest_cost: float
    saving: Estimate
    max_saving: float
    trivial_policy: str
    trivial_cost: float


def compute_costs(
    truth: Bools,
    who: ModelPredictions,
    cost: ErrorCosts,
    *,
    regret: float,
    threshold: float | None = None,
    seed: int = 0,
    clusters: Clusters | None = None,
) -> ThresholdCosts:
    """Costs over all thresholds, for decisions that say yes from a probability upwards.

    `threshold` is the one that the decisions were made by, which is dropped where they do not
    follow it; left out, it is read off the decisions.
    """
    weights = weights_of(clusters)
    thresholds, costs = _cost_curve(truth, who.probability, cost, weights)
    best = int(costs.argmin())
    every = trivial_policies(len(truth))
    word = min(every, key=lambda w: point_score("cost", truth, every[w], cost, weights))
    idle = point_score("cost", truth, every[word], cost, weights)
    place, edges = _assign_bins(who.probability)
    return ThresholdCosts(
        thresholds=thresholds,
        costs=costs,
        chosen_threshold=_followed_threshold(who, threshold),
        current_cost=estimate_score("cost", truth, who, cost, clusters=clusters),
        cheapest_threshold=Estimate(
            float(thresholds[best]),
            _cheapest_interval(truth, place, edges, cost, seed=seed, weights=weights),
        ),
        cheapest_cost=float(costs[best]),
        saving=score_difference(
            "cost",
            truth,
            _cross_fitted_decisions(truth, who, place, cost, seed=seed, weights=weights),
            who,
            cost,
            clusters=clusters,
        ),
        max_saving=regret * idle,
        trivial_policy=word,
        trivial_cost=idle,
    )


# --- the search for a threshold -----------------------------------------------------------------


def _cost_curve(
    truth: Bools, probability: Floats, cost: ErrorCosts, weights: Floats | None
) -> tuple[Floats, Floats]:
    """Every threshold that decides otherwise than the next, ascending, and its cost per row.

    Each lies midway between two probabilities that occur; the outermost are 0 and 1.
    """
    if weights is not None:
        return _weighted_cost_curve(truth, probability, cost, weights)
    order = np.argsort(probability, kind="stable")
    values, positive = probability[order], truth[order]
    first = np.flatnonzero(np.r_[True, np.diff(values) > 0])
    missed = np.r_[0, positive.cumsum()][np.r_[first, len(values)]]
    below = np.r_[first, len(values)]
    wrong = (~truth).sum() - (below - missed)
    total = missed * cost.false_negative + wrong * cost.false_positive
    middles = (values[first][1:] + values[first][:-1]) / 2
    never = 1.0 if values[-1] < 1 else np.nextafter(1.0, 2.0)
    return np.r_[0.0, middles, never], np.asarray(total / len(truth))


def _weighted_cost_curve(
    truth: Bools, probability: Floats, cost: ErrorCosts, weights: Floats
) -> tuple[Floats, Floats]:
    values, place = np.unique(probability, return_inverse=True)
    missed = np.r_[0.0, np.bincount(place, weights * truth).cumsum()]
    spared = np.r_[0.0, np.bincount(place, weights * ~truth).cumsum()]
    total = missed * cost.false_negative + (spared[-1] - spared) * cost.false_positive
    never = 1.0 if values[-1] < 1 else np.nextafter(1.0, 2.0)
    middles = (values[1:] + values[:-1]) / 2
    return np.r_[0.0, middles, never], np.asarray(total / weights.sum())


def _assign_bins(probability: Floats) -> tuple[np.ndarray, Floats]:
    """Each row's bin of probabilities, and the threshold below each bin, and above the last."""
    values = np.unique(probability)
    if len(values) > BINS:
        values = np.unique(
            np.quantile(probability, np.linspace(0, 1, BINS + 1)[:-1], method="lower")
        )
    place = np.searchsorted(values, probability, side="right") - 1
    return place, np.r_[0.0, (values[1:] + values[:-1]) / 2, 1.0]


def _costs_of(positive: Floats, negative: Floats, cost: ErrorCosts) -> Floats:
    """(..., bins) rows of each class to (..., bins + 1) costs of saying yes from a bin upwards."""
    missed = np.zeros((*positive.shape[:-1], positive.shape[-1] + 1))
    spared = missed.copy()
    positive.cumsum(axis=-1, out=missed[..., 1:])
    negative.cumsum(axis=-1, out=spared[..., 1:])
    return np.asarray(missed * cost.false_negative - spared * cost.false_positive)


def _cheapest_interval(
    truth: Bools,
    place: np.ndarray,
    edges: Floats,
    cost: ErrorCosts,
    *,
    seed: int,
    weights: Floats | None,
) -> Interval:
    """Percentile interval of the cheapest threshold over bootstrap draws of (bin, truth) cells; of
    the rows themselves, with their weights, where these differ.
    """
    if not enough_rows(truth):
        return make_interval(np.nan, np.nan)
    bins = len(edges) - 1
    if weights is not None:
        found = _drawn_thresholds(place * 2 + truth, bins, cost, seed=seed, weights=weights)
        return percentile_interval(edges[found])
    cells = np.bincount(place * 2 + truth, minlength=2 * bins)
    drawn = multinomial_draws(cells, draws=500, seed=seed).reshape(-1, bins, 2)
    found = _costs_of(drawn[..., 1], drawn[..., 0], cost).argmin(axis=-1)
    return percentile_interval(edges[found])


def _drawn_thresholds(
    cell: np.ndarray, bins: int, cost: ErrorCosts, *, seed: int, weights: Floats
) -> np.ndarray:
    """The cheapest bin from which yes is said, in each of the draws of the rows."""
    rng, rows = np.random.default_rng(seed), len(cell)
    drawn = np.empty((_WEIGHTED_DRAWS, 2 * bins))
    for i in range(_WEIGHTED_DRAWS):
        times = np.bincount(rng.integers(0, rows, rows), minlength=rows)
        drawn[i] = np.bincount(cell, weights * times, minlength=2 * bins)
    held = drawn.reshape(-1, bins, 2)
    return np.asarray(_costs_of(held[..., 1], held[..., 0], cost).argmin(axis=-1))


def _cross_fitted_decisions(
    truth: Bools,
    who: ModelPredictions,
    place: np.ndarray,
    cost: ErrorCosts,
    *,
    seed: int,
    weights: Floats | None,
) -> ModelPredictions:
    """Decisions by the threshold that costs least on the rows of all other folds.

    A threshold chosen on the rows that it is measured on would always seem to save something.
    """
    bins = int(place.max()) + 1
    fold = np.random.default_rng(seed).permutation(len(truth)) % FOLDS
    cell = (fold * bins + place) * 2 + truth
    cells = np.bincount(cell, weights, minlength=2 * bins * FOLDS)
    held = cells.reshape(FOLDS, bins, 2).astype(float)
    others = held.sum(axis=0) - held
    first = _costs_of(others[..., 1], others[..., 0], cost).argmin(axis=-1)
    return ModelPredictions(who.probability, place >= first[fold])


def _followed_threshold(who: ModelPredictions, threshold: float | None) -> float | None:
    yes, no = who.probability[who.decision], who.probability[~who.decision]
    lowest = float(yes.min()) if len(yes) else np.inf
    highest = float(no.max()) if len(no) else -np.inf
    if threshold is not None:
        return threshold if highest < threshold <= lowest else None
    return lowest if np.isfinite(lowest) and highest < lowest else None


# --- what is said and shown ---------------------------------------------------------------------


def check_threshold(
    threshold_costs: ThresholdCosts, truth: Bools, clusters: Clusters | None = None
) -> Check | None:
    """Whether another threshold would surely be cheaper; None where decisions follow none.

    Thresholds that differ by group are a choice that has its price; the sheet names it.
    """
    if threshold_costs.chosen_threshold is None:
        return None
    few = too_few_remedy(truth, clusters)
    verdict = verdict_at_most(threshold_costs.saving.interval, threshold_costs.max_saving)
    verdict = Verdict.UNKNOWN if few else verdict
    return Check(
        name="threshold",
        claim=f"No other threshold saves more than {threshold_costs.max_saving:.3g} per row",
        verdict=verdict,
        statistic="cost per row saved by a threshold chosen on other test rows",
        estimate=threshold_costs.saving.value,
        interval=threshold_costs.saving.interval,
        threshold=threshold_costs.max_saving,
        why=f"Another threshold saves {threshold_costs.saving.value:+.4f} per row "
        f"({display.interval_text(threshold_costs.saving.interval, '+.4f')}); decided at "
        f"{threshold_costs.chosen_threshold:.3g}, cheapest on these rows "
        f"{_interval_text(threshold_costs.cheapest_threshold)}",
        remedy=few or _REMEDIES[verdict],
        hard=False,
        accepted=True,
        rows=len(truth),
    )


_REMEDIES = {
    Verdict.PASS: "",
    Verdict.UNKNOWN: "More test rows would tell.",
    Verdict.FAIL: "Calibrate the candidate: the threshold follows from the costs where "
    "probabilities mean what they say.",
}


def _interval_text(estimate: Estimate) -> str:
    low, high = estimate.interval.low, estimate.interval.high
    if low is None or high is None:
        return f"{estimate.value:.3g}"
    return f"{estimate.value:.3g} (between {low:.3g} and {high:.3g})"


def threshold_sheet(threshold_costs: ThresholdCosts) -> Sheet:
    """The thresholds, and what each way to decide costs per 1,000 rows."""
    now, saving = threshold_costs.current_cost, threshold_costs.saving
    rows: tuple[tuple[Cell, ...], ...] = (
        ("as decided", threshold_costs.chosen_threshold, None, None, *_per_thousand(now)),
        (
            "cheapest on these rows",
            threshold_costs.cheapest_threshold.value,
            threshold_costs.cheapest_threshold.interval.low,
            threshold_costs.cheapest_threshold.interval.high,
            1000 * threshold_costs.cheapest_cost,
            None,
            None,
        ),
        ("saved by one chosen on other rows", None, None, None, *_per_thousand(saving)),
        (
            f"always {threshold_costs.trivial_policy}",
            None,
            None,
            None,
            1000 * threshold_costs.trivial_cost,
            None,
            None,
        ),
    )
    single = (
        ""
        if threshold_costs.chosen_threshold is not None
        else " These decisions follow no single threshold."
    )
    return Sheet(
        title="Thresholds",
        columns=("way to decide", "threshold", "from", "to", "cost per 1,000 rows", "low", "high"),
        rows=rows,
        note="The cheapest threshold's interval is a bootstrap's, its cost flattered by being "
        f"chosen on the rows that it is measured on; the saving is not.{single}",
    )


def _per_thousand(estimate: Estimate) -> tuple[float, float | None, float | None]:
    low, high = (
        None if side is None else 1000 * side
        for side in (estimate.interval.low, estimate.interval.high)
    )
    return 1000 * estimate.value, low, high


def cost_figure(threshold_costs: ThresholdCosts) -> Figure:
    """Cost per row over thresholds, the chosen and the cheapest marked, beside no model at all."""
    keep = np.unique(np.searchsorted(threshold_costs.thresholds, np.linspace(0, 1, CURVE_POINTS)))
    keep = np.unique(
        np.r_[keep, len(threshold_costs.thresholds) - 1, threshold_costs.costs.argmin()]
    )
    curve = tuple(
        Point(label=f"{t:.2f}", value=float(c), x=float(t))
        for t, c in zip(threshold_costs.thresholds[keep], threshold_costs.costs[keep], strict=True)
    )
    low, high = (
        threshold_costs.cheapest_threshold.interval.low,
        threshold_costs.cheapest_threshold.interval.high,
    )
    best = Point(
        label="cheapest",
        value=threshold_costs.cheapest_cost,
        x=threshold_costs.cheapest_threshold.value,
        x_low=low,
        x_high=high,
    )
    marks = [Series(name="any threshold", points=curve)]
    told = (
        f"Decisions that follow no single threshold cost {threshold_costs.current_cost.value:.3g} "
        "per row"
    )
    if threshold_costs.chosen_threshold is not None:
        bounds = threshold_costs.current_cost.interval
        at = Point(
            label="chosen",
            value=threshold_costs.current_cost.value,
            low=bounds.low,
            high=bounds.high,
            x=threshold_costs.chosen_threshold,
        )
        marks.append(Series(name="chosen threshold", points=(at,)))
        told = (
            f"At the chosen threshold of {threshold_costs.chosen_threshold:.3g} a row costs "
            f"{threshold_costs.current_cost.value:.3g}"
        )
    marks.append(Series(name="cheapest on these rows", points=(best,)))
    return Figure(
        title="Cost by threshold",
        kind="curve",
        series=tuple(marks),
        axis="cost per row",
        x_axis="probability from which yes is said",
        reference=threshold_costs.trivial_cost,
        reference_name=f"always {threshold_costs.trivial_policy}",
        alt=f"{told}; on these rows the cheapest threshold is "
        f"{_interval_text(threshold_costs.cheapest_threshold)}, at "
        f"{threshold_costs.cheapest_cost:.3g}. Always saying "
        f"{threshold_costs.trivial_policy} costs {threshold_costs.trivial_cost:.3g}.",
    )
