"""Checks of targets against what rows with equal features leave unexplained."""

from __future__ import annotations

from assay.config.gates import LOWER_IS_BETTER, PerformanceMetric
from assay.gates.report import Check, Sheet, Verdict
from assay.gates.statistics.intervals import Estimate
from assay.problems.feasibility.question_rows import QuestionRows
from assay.problems.feasibility.repeated_cells import RepeatedCells


def check_ceiling(
    data: QuestionRows,
    cells: RepeatedCells,
    name: PerformanceMetric,
    goal: float,
    bound: Estimate,
) -> Check:
    """Whether a target lies within the `bound` that no model of these features passes.

    Fails beyond its interval, hard: more rows or better models change nothing. A caution within it.
    """
    sign = -1.0 if name in LOWER_IS_BETTER else 1.0
    ends = [end for end in (bound.interval.low, bound.interval.high) if end is not None]
    ends = ends or [bound.value]
    worst, best = min(sign * end for end in ends), max(sign * end for end in ends)
    verdict = Verdict.PASS if sign * goal <= worst else Verdict.CAUTION
    if sign * goal > best:
        verdict = Verdict.FAIL
    answers = data.answers(data.answer_kind(name))[None, ...]
    had = float(data.estimate(name, answers).values[0])
    return Check(
        name=f"ceiling[{name}]",
        claim=f"The best possible model may reach {name} of {goal:g}",
        verdict=verdict,
        statistic=f"best possible {name}, by rows with equal features",
        estimate=bound.value,
        interval=bound.interval,
        threshold=goal,
        why=f"No model of these features can have {name} {_beyond(sign)} {bound.value:.4g}"
        f" [{min(ends):.4g}, {max(ends):.4g}]; {goal:g} is asked for, and a quick learner has"
        f" {had:.4g}. {cells.repeated_share:.1%} of the rows share all features with another, in"
        f" {cells.count:,} cells, and differ in outcome.",
        remedy=""
        if verdict is Verdict.PASS
        else "Add columns that tell rows with equal features apart, or lower the target"
        f" (feasibility.reach.{name}).",
        rows=len(cells.codes),
    )


def _beyond(sign: float) -> str:
    return "above" if sign > 0 else "below"


def ceiling_sheet(
    bounds: dict[PerformanceMetric, Estimate], goals: dict[PerformanceMetric, float]
) -> Sheet:
    """The bounds beside the targets."""
    return Sheet(
        title="Best scores that any model could have",
        columns=("score", "bound", "low", "high", "target"),
        rows=tuple(
            (name, one.value, one.interval.low, one.interval.high, goals.get(name))
            for name, one in bounds.items()
        ),
        note="From rows that have every feature in common: what differs among them is noise to any"
        " model. Rows whose features are their own count as without noise.",
    )
