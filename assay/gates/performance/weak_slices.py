"""The slices of rows that a model serves worst: what is judged of them, and what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.config.gates import ErrorCosts, Performance, PerformanceMetric, Slices
from assay.gates.performance.point_scores import ModelPredictions, row_values, too_few_remedy
from assay.gates.performance.scores import estimate_score
from assay.gates.performance.slices import MeasuredSlice, build_search_space, weakest_slices
from assay.gates.report import Cell, Check, Sheet, Verdict
from assay.gates.statistics.cluster_errors import Clusters
from assay.gates.statistics.intervals import Bools, Floats

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
class WeakSlices:
    """The slices found, by loss and by loss beyond what was promised; the mean loss as a unit.

    None was found where there are too few rows, or no column whose values can be compared;
    `why` then says so.
    """

    by_loss: list[MeasuredSlice]
    by_excess_loss: list[MeasuredSlice]
    truth: Bools
    who: ModelPredictions
    loss: Floats
    expected_loss: Floats
    loss_name: PerformanceMetric
    test_half: Bools
    why: str
    clusters: Clusters | None = None


def search_slices(
    truth: Bools,
    who: ModelPredictions,
    features: pd.DataFrame,
    performance: Performance,
    *,
    seed: int,
    clusters: Clusters | None = None,
) -> WeakSlices:
    """Search slices over one and two columns of `features`, which has the rows of `truth`.

    Promised is the loss that the model's own probabilities lead to expect: rows near one half
    are hard, and that is no flaw. Where more is lost than that, the probabilities are wrong.
    """
    asked, of = performance.slices, _LOSS_OF_SCORE.get(performance.choose_by, "accuracy")
    loss, promised = _losses(of, truth, who, performance.cost)
    cut = build_search_space(features, asked.rows, seed, clusters)
    why = too_few_remedy(truth, clusters).removesuffix(".")
    if not why and len(truth) < 2 * asked.rows:
        why = f"{len(truth):,} test rows do not make two slices of {asked.rows:,}"
    elif not why and not cut.columns:
        why = f"No column has two values of {asked.rows:,} rows"
    unit = float(loss.mean())
    return WeakSlices(
        by_loss=weakest_slices(cut, loss, unit * (asked.beyond_others or 0.0)) if not why else [],
        by_excess_loss=weakest_slices(cut, loss - promised, unit * asked.beyond_promise)
        if not why
        else [],
        truth=truth,
        who=who,
        loss=loss,
        expected_loss=promised,
        loss_name=of,
        test_half=~cut.search_half,
        why=why,
        clusters=clusters,
    )


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
    word, unit = _LOSS_TITLES[weak_slices.loss_name], float(weak_slices.loss.mean())
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
        else len(weak_slices.loss),
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
    word, score = _LOSS_TITLES[weak_slices.loss_name], settings.choose_by
    return Sheet(
        title=title,
        columns=("slice", "rows", score, "low", "high", word, "promised", "excess", "p"),
        rows=tuple(_row(one, weak_slices, settings) for one in slices),
        note=f"Found on one half of the test rows, measured on the other. p, by Holm: that the "
        f"{word} is not {tested}.",
    )


def _excess_text(baseline: str, margin: float) -> str:
    return f"above {baseline} by {margin:.0%} of the mean" if margin else f"above {baseline}"


def _row(
    measured_slice: MeasuredSlice, weak_slices: WeakSlices, settings: Performance
) -> tuple[Cell, ...]:
    inside = weak_slices.test_half & measured_slice.slice.inside
    return (
        measured_slice.slice.label,
        int(inside.sum()),
        *_score_inside(inside, weak_slices, settings),
        float(weak_slices.loss[inside].mean()),
        float(weak_slices.expected_loss[inside].mean()),
        measured_slice.excess.value,
        measured_slice.p,
    )


def _score_inside(
    inside: Bools, weak_slices: WeakSlices, settings: Performance
) -> tuple[float | None, float | None, float | None]:
    """The score that candidates are chosen by, within the slice; nothing where one class is."""
    truth = weak_slices.truth[inside]
    if truth.all() or not truth.any():
        return None, None, None
    held = ModelPredictions(weak_slices.who.probability[inside], weak_slices.who.decision[inside])
    of = weak_slices.clusters.of(inside) if weak_slices.clusters else None
    now = estimate_score(settings.choose_by, truth, held, settings.cost, clusters=of)
    return now.value, now.interval.low, now.interval.high
