"""Whether a single column gives a class away: the class it tells best decides."""

from __future__ import annotations

from assay.gates.feasibility.after_outcome import check_after_outcome
from assay.gates.feasibility.leakage import (
    COLLAPSE_SHARE,
    SUSPICIOUS_AUC,
    check_identifiers,
)
from assay.gates.report import Check, Figure, Point, Series, Sheet, Verdict
from assay.gates.statistics.auc import roc_auc, roc_auc_difference
from assay.problems.feasibility.sampling_weights import check_sampling_weights
from assay.problems.multiclass.class_areas import ColumnAreas, score_columns
from assay.problems.multiclass.class_rows import ClassRows

STRONG_AREA = 0.65  # of a sampling weight that tells how the rows were drawn
TOP = 10


def check_leakage(data: ClassRows) -> tuple[list[Check], list[Sheet], list[Figure]]:
    """Whether a single column gives a class away, and what is left without it; columns known after
    the outcome, sampling weights, columns that identify rows.

    A mean over classes would hide a column that tells one class of five.
    """
    alone, limit = score_columns(data), data.use_case.feasibility.leak
    strong = {
        one.name: one.largest.area.value for one in alone if one.largest.area.value >= STRONG_AREA
    }
    checks = [
        _check(data, alone, limit),
        _drop_one_check(data, alone, limit),
        *check_sampling_weights(data, strong, "a largest ROC AUC of"),
        check_after_outcome(data),
        check_identifiers(data),
    ]
    return (
        [check for check in checks if check],
        [_sheet(alone)],
        [_figure(alone, limit)],
    )


def _check(data: ClassRows, alone: list[ColumnAreas], limit: float) -> Check:
    leaks = [one for one in alone if one.largest.low > limit]
    close = [one for one in alone if one.largest.area.value > limit and one not in leaks]
    named, most = leaks or close, alone[0].largest
    told = "; ".join(
        f"{one.name} tells {one.largest.name} from the rest with a ROC AUC of {one.largest.text}"
        for one in named or alone[:1]
    )
    names = ", ".join(one.name for one in named)
    return Check(
        name="leakage",
        claim=f"No single column tells any class with a ROC AUC above {limit:g}",
        verdict=Verdict.FAIL if leaks else Verdict.CAUTION if close else Verdict.PASS,
        statistic="largest ROC AUC of a single column for a class against the rest",
        estimate=most.area.value,
        interval=most.area.interval,
        threshold=limit,
        why=f"{told} alone, of {len(alone)} features; the limit is {limit:g}.",
        remedy=f"If it is known only after the outcome, add data.after_outcome: [{names}]; if it"
        f" restates the target, add data.exclude: [{names}]."
        if named
        else "",
        rows=len(data.sampled_rows),
    )


def _drop_one_check(data: ClassRows, alone: list[ColumnAreas], limit: float) -> Check | None:
    """What is left, for the class it tells best, without the columns that tell too much, or the one
    that tells most; None where none is suspicious."""
    first = alone[0].largest
    names = [one.name for one in alone if one.largest.area.value > limit] or [alone[0].name]
    if first.low <= SUSPICIOUS_AUC or len(names) == len(alone):
        return None
    rest = data.predict_out_of_fold(excluded_columns=tuple(names))[:, first.code]
    full, truth = data.answers()[:, first.code], data.labels == first.code
    whole, left = (roc_auc(truth, answers, units=data.clusters) for answers in (full, rest))
    lost = roc_auc_difference(truth, full, rest, units=data.clusters)
    most, told = COLLAPSE_SHARE * (whole.value - 0.5), ", ".join(names)
    collapsed = (lost.interval.low or 0.0) > most
    return Check(
        name="drop_one",
        claim=f"Without {told} more than half of the ROC AUC of {first.name} above 0.5 remains",
        verdict=Verdict.CAUTION if collapsed else Verdict.PASS,
        statistic=f"ROC AUC of {first.name} lost without it",
        estimate=lost.value,
        interval=lost.interval,
        threshold=most,
        why=f"A quick learner tells {first.name} with a ROC AUC of {whole.value:.3f} by all"
        f" columns; without {told} with {left.value:.3f}.",
        remedy=f"Check that {told} is known when the question is asked: most of the score rests on"
        " it."
        if collapsed
        else "",
        hard=False,
        rows=len(data.sampled_rows),
    )


def _sheet(alone: list[ColumnAreas]) -> Sheet:
    return Sheet(
        title="Single columns",
        columns=("column", "tells best", "ROC AUC", "low", "high"),
        rows=tuple(
            (
                *(one.name, one.largest.name, one.largest.area.value),
                *(one.largest.area.interval.low, one.largest.area.interval.high),
            )
            for one in alone
        ),
        note="ROC AUC of each feature alone for the class that it tells best from the rest; chance"
        " has 0.5.",
    )


def _figure(alone: list[ColumnAreas], limit: float) -> Figure:
    top = [(one.name, one.largest) for one in alone[:TOP]]
    best = ", ".join(f"{name} {area.area.value:.2f} for {area.name}" for name, area in top[:3])
    points = tuple(
        Point(
            label=name,
            value=area.area.value,
            low=area.area.interval.low,
            high=area.area.interval.high,
        )
        for name, area in top
    )
    return Figure(
        title="What single columns tell",
        kind="bars",
        series=(Series(name="ROC AUC", points=points),),
        axis="largest ROC AUC of a class",
        reference=limit,
        alt=f"Largest ROC AUC of the {len(top)} most telling columns: {best}; the limit is"
        f" {limit:g}.",
    )
