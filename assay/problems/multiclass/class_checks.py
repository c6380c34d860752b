"""What is checked of single classes: known in training, decided at all, their errors priced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from assay.config.gates import Performance
from assay.gates.performance.point_scores import MIN_CLASS_ROWS
from assay.gates.report import Check, Interval, Verdict
from assay.gates.statistics.cluster_errors import (
    Clusters,
    clustered_share_limits,
    scaled_weights,
    spread_of,
    weighted_mean,
)
from assay.gates.statistics.intervals import Bools, Floats, make_interval
from assay.gates.statistics.proportions import wilson_interval
from assay.problems.multiclass.answers import ClassAnswers, Ints

_RARE_SHARE: Final = 0.1  # of rows, as the binary gate has it; of many classes half an even share
_SELDOM: Final = 0.1  # decided less than this part of how often it occurs


def rare_share(classes: int) -> float:
    """The share of rows below which one of so many classes is rare."""
    return min(_RARE_SHARE, 0.5 / classes)


def check_known_in_training(truth: Ints, classes: Sequence[str], shares: Floats) -> Check:
    """Whether training held every class of the test rows: no model finds what it never saw."""
    rows = np.bincount(truth, minlength=len(classes))
    unseen = [k for k in range(len(classes)) if rows[k] and not shares[k] > 0]
    told = ", ".join(f"{classes[k]} ({rows[k]:,} test rows)" for k in unseen)
    return Check(
        name="classes_in_training",
        claim="Training held every class that the test rows hold",
        verdict=Verdict.FAIL if unseen else Verdict.PASS,
        statistic="classes of the test rows that training never held",
        estimate=float(len(unseen)),
        threshold=0.0,
        why=f"Training never held {told}, so that the model cannot decide it"
        if unseen
        else f"Training held all {int((rows > 0).sum())} of them",
        remedy="Bring training rows of each class, or leave the class out of data.target.classes."
        if unseen
        else "",
        rows=len(truth),
    )


def check_every_class_decided(
    truth: Ints, who: ClassAnswers, clusters: Clusters | None = None
) -> Check:
    """Whether each class that occurs is decided too. The one whose rows are missed most often is
    named, with the line that would change it. Of weighted rows, counts are by weight.
    """
    classes, weights = len(who.classes), scaled_weights(clusters)
    rows, decided = (np.bincount(v, weights, minlength=classes) for v in (truth, who.decision))
    right = who.decision == truth
    hits = np.bincount(truth[right], None if weights is None else weights[right], minlength=classes)
    recall = hits / (np.maximum(rows, 1) if weights is None else np.where(rows > 0, rows, 1))
    seldom = np.flatnonzero((rows >= MIN_CLASS_ROWS) & (decided < _SELDOM * rows))
    judged = np.flatnonzero(rows >= MIN_CLASS_ROWS)
    worst = min(judged, key=lambda k: (recall[k], decided[k] / rows[k], -rows[k]), default=None)
    if len(seldom):
        worst = min(seldom, key=lambda k: (recall[k], decided[k] / rows[k], -rows[k]))
    others = [who.classes[k] for k in seldom if k != worst]
    interval = None
    if worst is not None:
        interval = (
            wilson_interval(float(recall[worst] * rows[worst]), float(rows[worst]))
            if clusters is None or clusters.weights is None
            else _recall_interval(right, truth == worst, clusters)
        )
    return Check(
        name="classes_decided",
        claim=f"Each class with {MIN_CLASS_ROWS} test rows or more is decided at least "
        f"{_SELDOM:g} times as often as it occurs",
        verdict=Verdict.UNKNOWN if worst is None else Verdict.FAIL if len(seldom) else Verdict.PASS,
        statistic="recall of the class that is missed most often",
        estimate=None if worst is None else float(recall[worst]),
        interval=interval,
        why="No class has enough test rows"
        if worst is None
        else _decided_text(who.classes[worst], int(rows[worst]), int(decided[worst]))
        + f"; its recall is {recall[worst]:.3f}"
        + (f"; seldom decided too: {', '.join(others)}" if others else ""),
        remedy=f"If missing {who.classes[worst]} costs more than other errors, say so under "
        f"performance: `cost_matrix: {suggest_cost_line(who.classes, rows, int(worst))}`."
        if worst is not None and len(seldom)
        else "",
        hard=False,
        accepted=True,
        rows=len(truth),
    )


def _recall_interval(right: Bools, inside: Bools, clusters: Clusters) -> Interval:
    of = clusters.of(inside)
    share, spread = weighted_mean(right[inside], of), spread_of(of.mean_error(right[inside]))
    low, high = clustered_share_limits(share, inside.sum(), spread)
    return make_interval(float(low.item()), float(high.item()))


def _decided_text(label: str, rows: int, decided: int) -> str:
    times = f"decided for {decided:,} row{'s' * (decided != 1)}" if decided else "never decided"
    often = f", {decided / rows:.2g} times as often as it occurs" if decided else ""
    return f"The class {label} is {times} and true of {rows:,} test rows{often}"


def suggest_cost_line(classes: Sequence[str], rows: np.ndarray, rare: int) -> str:
    """Costs, as YAML, at which a rare class is decided about as often as it occurs: missing it as
    the most frequent class costs as many times more as that one is more frequent.
    """
    top = int(np.argmax(np.where(np.arange(len(rows)) == rare, -1, rows)))
    times = max(round(float(rows[top]) / max(int(rows[rare]), 1)), 2)
    others = [k for k in range(len(classes)) if k != rare]
    if len(others) > 4:
        others = [top]
    costs = ", ".join(f"{classes[k]}: {times}" for k in others)
    return f"{{{classes[rare]}: {{{costs}}}}}"


def check_cost_declared(
    truth: Ints,
    classes: Sequence[str],
    performance: Performance,
    clusters: Clusters | None = None,
) -> Check | None:
    """Whether somebody said what errors cost, where a class is rare; None where none is."""
    rows = np.bincount(truth, scaled_weights(clusters), minlength=len(classes))
    held = np.where(rows > 0, rows, len(truth) + 1)
    rarest = int(held.argmin())
    share, limit = float(rows[rarest] / len(truth)), rare_share(len(classes))
    if share >= limit:
        return None
    declared = "cost_matrix" in performance.model_fields_set
    return Check(
        name="cost_declared",
        claim="The use case says what each kind of error costs, as a class is rare",
        verdict=Verdict.PASS if declared else Verdict.FAIL,
        statistic="share of the rarest class among the test rows",
        estimate=share,
        threshold=limit,
        why=f"{share:.2g} of the test rows are {classes[rarest]}, and "
        + (
            "performance.cost_matrix is declared"
            if declared
            else f"nobody said what errors cost, so that a missed {classes[rarest]} counts no more "
            "than any other error"
        ),
        remedy=""
        if declared
        else f"Add under performance: `cost_matrix: {suggest_cost_line(classes, rows, rarest)}`, "
        "with how many other errors that one is worth to you.",
        hard=False,
        rows=len(truth),
    )


def training_shares(outcomes: Mapping[str, object], classes: Sequence[str]) -> Floats:
    """The classes' shares of the training rows, 0 for a class that they never held."""
    shares = outcomes["shares"]
    assert isinstance(shares, Mapping), "training hands over the shares by class"
    return np.array([float(shares.get(label, 0.0)) for label in classes])
