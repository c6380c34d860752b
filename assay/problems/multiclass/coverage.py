"""Whether the delivered sets of classes hold as many outcomes as they promise, and how large they
are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.config.gates import Performance
from assay.gates.performance.display import interval_text
from assay.gates.performance.point_scores import MIN_CLASS_ROWS
from assay.gates.report import Cell, Check, Interval, Sheet, Verdict
from assay.gates.statistics.cluster_errors import (
    MIN_CLUSTERS,
    Clusters,
    clustered_share_limits,
    spread_of,
    weighted_mean,
)
from assay.gates.statistics.intervals import Bools, verdict_at_least
from assay.gates.statistics.proportions import wilson_limits
from assay.problems.multiclass.answers import ClassAnswers, Ints


@dataclass(frozen=True, slots=True)
class SetCoverage:
    """Of some rows, the share whose set holds the outcome, and the mean size of their sets.

    `joint` is the interval at which all classes together err once in twenty.
    """

    label: str
    rows: int
    share: float
    interval: Interval
    joint: Interval
    size: float
    single: float  # share of sets with one class alone
    enough_rows: bool


def cover_rows(
    label: str,
    held: Bools,
    sizes: np.ndarray,
    clusters: Clusters | None,
    family: int = 1,
) -> SetCoverage:
    """The coverage of rows, `held` of which have a set with their outcome."""
    joint = 1 - 0.05 / family
    enough = len(held) >= MIN_CLASS_ROWS
    if clusters is not None and enough:
        enough = clusters.effective(np.ones(len(held), bool)) >= MIN_CLUSTERS
    return SetCoverage(
        label=label,
        rows=len(held),
        share=weighted_mean(held, clusters) if len(held) else 0.0,
        interval=_share_interval(held, clusters, 0.95),
        joint=_share_interval(held, clusters, joint),
        size=weighted_mean(sizes, clusters) if len(held) else 0.0,
        single=weighted_mean(sizes == 1, clusters) if len(held) else 0.0,
        enough_rows=enough,
    )


def _share_interval(held: Bools, clusters: Clusters | None, level: float) -> Interval:
    if clusters is None or not len(held):
        limits = wilson_limits(int(held.sum()), len(held), level)
    else:
        spread = spread_of(clusters.mean_error(held))
        share = weighted_mean(held, clusters)
        limits = clustered_share_limits(share, len(held), spread, level)
    low, high = (float(side.item()) for side in limits)
    return Interval(low=low, high=high, level=level)


def measure_coverage(
    truth: Ints, who: ClassAnswers, clusters: Clusters | None = None
) -> tuple[SetCoverage, list[SetCoverage]]:
    """Coverage of all rows, and of the rows of each class. The answers must hold sets."""
    assert who.sets is not None, "coverage is measured of sets"
    held, sizes = who.sets[np.arange(len(truth)), truth], who.sets.sum(axis=1)
    by_class = []
    for code, label in enumerate(who.classes):
        own = truth == code
        alike = clusters.of(own) if clusters else None
        by_class.append(cover_rows(label, held[own], sizes[own], alike, len(who.classes)))
    return cover_rows("all", held, sizes, clusters), by_class


def check_coverage(
    overall: SetCoverage, by_class: list[SetCoverage], performance: Performance
) -> list[Check]:
    """That sets hold the promised share of outcomes, but for `calibration_error`.

    Too low a coverage of all rows fails the gate: each answer states that set. Of single classes,
    the worst of which is named, it is a caution.
    """
    promised = performance.coverage
    least = max(promised - performance.calibration_error, 0.0)
    verdict = verdict_at_least(overall.interval, least) if overall.enough_rows else Verdict.UNKNOWN
    remedies = {
        Verdict.FAIL: "The test rows are unlike those of training: retrain on rows that are like "
        "them, or let people decide.",
        Verdict.UNKNOWN: "More test rows would tell.",
    }
    return [
        Check(
            name="set_coverage",
            claim=f"Sets of classes hold at least {least:.3g} of the outcomes ({promised:g} are "
            "promised)",
            verdict=verdict,
            statistic="share of test rows whose set holds the outcome",
            estimate=overall.share,
            interval=overall.interval,
            threshold=least,
            why=f"Sets hold {overall.share:.3f} of the outcomes "
            f"({interval_text(overall.interval, '.3f')}), with {overall.size:.2f} classes on "
            f"average; {overall.single:.0%} of them name a single class",
            remedy=remedies.get(verdict, ""),
            accepted=True,
            rows=overall.rows,
        ),
        _check_by_class(by_class, least, promised),
    ]


def _check_by_class(by_class: list[SetCoverage], least: float, promised: float) -> Check:
    judged = [one for one in by_class if one.enough_rows]
    failed = [one for one in judged if verdict_at_least(one.joint, least) is Verdict.FAIL]
    passed = len(judged) == len(by_class) and all(
        verdict_at_least(one.interval, least) is Verdict.PASS for one in judged
    )
    verdict = Verdict.FAIL if failed else Verdict.PASS if passed else Verdict.UNKNOWN
    worst = min(failed or judged or by_class, key=lambda one: one.share)
    shown = worst.joint if failed else worst.interval
    more = [one.label for one in failed if one is not worst]
    remedies = {
        Verdict.FAIL: f"Where missing {worst.label} is the harm, do not rely on the sets: bring "
        "more training rows of it, and features that tell it apart.",
        Verdict.UNKNOWN: f"Bring more test rows of {worst.label}.",
    }
    return Check(
        name="set_coverage_by_class",
        claim=f"Sets of classes hold at least {least:.3g} of the outcomes of each class",
        verdict=verdict,
        statistic="coverage of the worst class",
        estimate=worst.share,
        interval=shown,
        threshold=least,
        why=f"Sets hold {worst.share:.3f} of the {worst.rows:,} outcomes {worst.label} "
        f"({interval_text(shown, '.3f')}), where {promised:g} are promised over all rows"
        + (f"; too few also of {', '.join(more)}" if more else ""),
        remedy=remedies.get(verdict, ""),
        hard=False,
        accepted=True,
        rows=worst.rows,
    )


def coverage_sheet(overall: SetCoverage, by_class: list[SetCoverage], promised: float) -> Sheet:
    """Coverage and size of the sets, of all rows and by true class."""
    rows: list[tuple[Cell, ...]] = [
        (one.label, one.rows, one.share, one.interval.low, one.interval.high, one.size, one.single)
        for one in (overall, *by_class)
        if one.rows
    ]
    return Sheet(
        title="Sets of classes",
        columns=("true class", "rows", "coverage", "low", "high", "mean size", "single class"),
        rows=tuple(rows),
        note=f"{promised:g} is promised over all rows, not of each class. Intervals at 95 %.",
    )
