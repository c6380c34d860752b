"""The slices of rows that a model serves worst: what is judged of them, and what is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.config.gates import ErrorCosts, Performance, PerformanceMetric, Slices
from assay.errors import DataError
from assay.gates.performance.point_scores import ModelPredictions, row_values, too_few_remedy
from assay.gates.performance.scores import estimate_score
from assay.gates.performance.slices import MeasuredSlice, build_search_space, weakest_slices
from assay.gates.report import Cell, Check, Sheet, Verdict
from assay.gates.statistics.cluster_errors import Clusters, weights_of
from assay.gates.statistics.intervals import Bools, Estimate, Floats

LEVEL = 0.05  # of the family of all slices that are tested

# The loss of single rows that stands for a score, which has none of its own.
_LOSS_OF_SCORE: dict[PerformanceMetric, PerformanceMetric] = {
    "roc_auc": "log_loss",
    "average_precision": "log_loss",
    "log_loss": "log_loss",
    "brier": "brier",
    "cost": "cost",
}
_LOSS_TITLES = {
    "log_loss": "log loss",
    "brier": "Brier loss",
    "cost": "cost",
    "accuracy": "error rate",
}


@dataclass(frozen=True, slots=True)
class RowLosses:
    """What each test row loses, and what the model's own probabilities lead to expect there.

    Rows near one half are hard, and that is no flaw. Where more is lost than was promised, the
    probabilities are wrong. `title` names the loss. `score_inside` gives the score that candidates
    are chosen by of some of the rows (bool), None where it is not defined for these. `weights`: how
    much each row counts; None where all count alike.
    """

    loss: Floats
    expected_loss: Floats
    title: str
    score_inside: Callable[[Bools], Estimate | None]
    weights: Floats | None = None

    @property
    def mean_loss(self) -> float:
        return float(np.average(self.loss, weights=self.weights))

    def mean_of(self, values: Floats, inside: Bools) -> float:
        """The mean over some of the rows, by their weights."""
        weights = None if self.weights is None else self.weights[inside]
        return float(np.average(values[inside], weights=weights))


@dataclass(frozen=True, slots=True)
class WeakSlices:
    """The slices found, by loss and by loss beyond what was promised.

    None was found where there are too few rows, or no column whose values can be compared;
    `why` then says so.
    """

    by_loss: list[MeasuredSlice]
    by_excess_loss: list[MeasuredSlice]
    losses: RowLosses
    test_half: Bools
    why: str


def find_weak_slices(
    losses: RowLosses,
    features: pd.DataFrame,
    settings: Slices,
    *,
    too_few: str,
    seed: int,
    clusters: Clusters | None = None,
) -> WeakSlices:
    """Search slices over one and two columns of `features`, which has the rows of `losses`.

    `too_few` says why nothing can be judged on these rows; empty where something can.
    """
    cut = build_search_space(features, settings.rows, seed, clusters)
    why, loss, expected = too_few.removesuffix("."), losses.loss, losses.expected_loss
    if not why and len(loss) < 2 * settings.rows:
        why = f"{len(loss):,} test rows do not make two slices of {settings.rows:,}"
    elif not why and not cut.columns:
        why = f"No column has two values of {settings.rows:,} rows"
    unit = losses.mean_loss
    return WeakSlices(
        by_loss=weakest_slices(cut, loss, unit * (settings.beyond_others or 0.0))
        if not why
        else [],
        by_excess_loss=weakest_slices(cut, loss - expected, unit * settings.beyond_promise)
        if not why
        else [],
        losses=losses,
        test_half=~cut.search_half,
        why=why,
    )


def search_slices(
    truth: Bools,
    who: ModelPredictions,
    features: pd.DataFrame,
    performance: Performance,
    *,
    seed: int,
    clusters: Clusters | None = None,
) -> WeakSlices:
    """`find_weak_slices` of answers yes or no."""
    of = _LOSS_OF_SCORE.get(performance.choose_by, "accuracy")
    loss, expected = _losses(of, truth, who, performance.cost)

    def score_inside(inside: Bools) -> Estimate | None:
        held = truth[inside]
        if held.all() or not held.any():
            return None
        alike = clusters.of(inside) if clusters else None
        return estimate_score(
            performance.choose_by, held, who.of(inside), performance.cost, clusters=alike
        )

    return find_weak_slices(
        RowLosses(loss, expected, _LOSS_TITLES[of], score_inside, weights_of(clusters)),
        features,
        performance.slices,
        too_few=too_few_remedy(truth, clusters),
        seed=seed,
        clusters=clusters,
    )


def join_slice_columns(
    answers: pd.DataFrame, features: pd.DataFrame | None, answer_columns: Sequence[str]
) -> pd.DataFrame:
    """The columns that slices are sought in: the features, and the groups that the answers name.

    `answer_columns` are those of the answers that name no groups. Raises DataError for features of
    other rows.
    """
    own = [name for name in answers.columns if name not in answer_columns]
    columns = answers[own].reset_index(drop=True)
    if features is None:
        return columns
    if len(features) != len(answers):
        raise DataError(
            f"there are features of {len(features):,} rows for {len(answers):,} predictions"
        )
    spare = [name for name in own if name in features]
    return pd.concat([features.reset_index(drop=True), columns.drop(columns=spare)], axis="columns")


def _losses(
    of: PerformanceMetric, truth: Bools, who: ModelPredictions, cost: ErrorCosts
) -> tuple[Floats, Floats]:
    """Each row's loss, and what its probability leads to expect."""
    yes, no = (_row_losses(of, np.full(len(truth), side), who, cost) for side in (True, False))
    return np.where(truth, yes, no), who.probability * yes + (1 - who.probability) * no


def _row_losses(
    of: PerformanceMetric, truth: Bools, who: ModelPredictions, cost: ErrorCosts
) -> Floats:
    values = row_values(of, truth, who, cost)
    return 1 - values if of == "accuracy" else values


# --- checks -------------------------------------------------------------------------------------


def check_slices(weak_slices: WeakSlices, settings: Slices) -> list[Check]:
    """Soft checks: no slice is worse than promised there, nor, where asked, than elsewhere."""
    word, unit = weak_slices.losses.title, weak_slices.losses.mean_loss
    made = [
        _check(
            "slices_as_promised",
            f"In no slice does the {word} exceed what is promised there by more than "
            f"{settings.beyond_promise:.0%} of the mean",
            weak_slices.by_excess_loss,
            weak_slices,
            margin=settings.beyond_promise * unit,
            remedy="Add what tells these rows apart, or a candidate that can tell them apart.",
        )
    ]
    if settings.beyond_others is not None:
        made.append(
            _check(
                "slices_as_others",
                f"In no slice is the {word} above that of all other rows by more than "
                f"{settings.beyond_others:.0%} of the mean",
                weak_slices.by_loss,
                weak_slices,
                margin=settings.beyond_others * unit,
                remedy="Add rows or features that speak of it, or leave its decisions to people.",
            )
        )
    return made


def _check(
    name: str,
    claim: str,
    slices: Sequence[MeasuredSlice],
    weak_slices: WeakSlices,
    *,
    margin: float,
    remedy: str,
) -> Check:
    worst = min(slices, key=lambda m: (m.p, -m.excess.value), default=None)
    surely = [m for m in slices if m.p < LEVEL]
    verdict = Verdict.FAIL if surely else Verdict.UNKNOWN if weak_slices.why else Verdict.PASS
    remedies = {Verdict.FAIL: remedy, Verdict.UNKNOWN: "More test rows would tell."}
    return Check(
        name=name,
        claim=claim,
        verdict=verdict,
        statistic="mean excess on rows that had no part in the search",
        estimate=worst.excess.value if worst else None,
        interval=worst.excess.interval if worst else None,
        threshold=margin,
        why=weak_slices.why or _reason(surely, worst),
        remedy=remedies.get(verdict, ""),
        hard=False,
        accepted=True,
        rows=int((weak_slices.test_half & worst.slice.inside).sum())
        if worst
        else len(weak_slices.losses.loss),
        group=worst.slice.label if worst and surely else None,
    )


def _reason(surely: Sequence[MeasuredSlice], worst: MeasuredSlice | None) -> str:
    if worst is None:
        return "The search found no slice that looks worse"
    if not surely:
        return f"No slice is surely worse; the likeliest is {_slice_text(worst)}"
    more = f"; {len(surely) - 1} more" if len(surely) > 1 else ""
    return f"{_slice_text(worst)}{more}"


def _slice_text(measured_slice: MeasuredSlice) -> str:
    return (
        f"{measured_slice.slice.label} by {measured_slice.excess.value:.3g} (p "
        f"{measured_slice.p:.2g})"
    )


# --- what is shown ------------------------------------------------------------------------------


def slice_sheets(weak_slices: WeakSlices, settings: Performance) -> list[Sheet]:
    """The weakest slices, and those that are worse than promised, on the rows that tested them."""
    others, promise = settings.slices.beyond_others or 0.0, settings.slices.beyond_promise
    made = (
        _sheet(
            "Weakest slices",
            weak_slices.by_loss,
            weak_slices,
            settings,
            _excess_text("the other rows'", others),
        ),
        _sheet(
            "Slices worse than promised",
            weak_slices.by_excess_loss,
            weak_slices,
            settings,
            _excess_text("what was promised", promise),
        ),
    )
    return [sheet for sheet in made if sheet.rows]


def _sheet(
    title: str,
    slices: Sequence[MeasuredSlice],
    weak_slices: WeakSlices,
    settings: Performance,
    tested: str,
) -> Sheet:
    word, score = weak_slices.losses.title, settings.choose_by
    return Sheet(
        title=title,
        columns=("slice", "rows", score, "low", "high", word, "promised", "excess", "p"),
        rows=tuple(_row(one, weak_slices) for one in slices),
        note=f"Found on one half of the test rows, measured on the other. p, by Holm: that the "
        f"{word} is not {tested}.",
    )


def _excess_text(baseline: str, margin: float) -> str:
    return f"above {baseline} by {margin:.0%} of the mean" if margin else f"above {baseline}"


def _row(measured_slice: MeasuredSlice, weak_slices: WeakSlices) -> tuple[Cell, ...]:
    inside, losses = weak_slices.test_half & measured_slice.slice.inside, weak_slices.losses
    now = losses.score_inside(inside)
    score = (now.value, now.interval.low, now.interval.high) if now else (None, None, None)
    return (
        measured_slice.slice.label,
        int(inside.sum()),
        *score,
        losses.mean_of(losses.loss, inside),
        losses.mean_of(losses.expected_loss, inside),
        measured_slice.excess.value,
        measured_slice.p,
    )
