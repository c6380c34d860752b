"""Check 2: can the scores that are asked for be reached?"""

from __future__ import annotations

from assay.config.gates import LOWER_IS_BETTER, PerformanceMetric
from assay.gates.feasibility.data import FeasibilityData
from assay.gates.feasibility.learning_curve import LearningCurve
from assay.gates.feasibility.score_estimates import ScoreEstimates, estimate_scores
from assay.gates.report import Check, Interval, Verdict
from assay.gates.statistics.auc import roc_auc
from assay.gates.statistics.intervals import Estimate

GROWTH = 4  # the rows of today; more is no plan
TUNING = 0.01  # of any score: what a tuned model may have beyond the quick learner


def check_reach(
    data: FeasibilityData, name: PerformanceMetric, goal: float, curve: LearningCurve | None
) -> Check:
    """Whether a quick learner, cross-validated, has the score `goal`.

    Fails when its interval lies below the target by more than tuning may bring (0.01), and four
    times the rows would surely not bring it there, by the learning curve. Without a curve, for
    want of rows, it never fails.
    """
    found = curve.estimates if curve else _estimate_score(data, name)
    estimate = Estimate(float(found.values[-1]), _interval(data, name, found))
    return judge_reach(name, goal, estimate, curve, rows=len(data.sampled_rows))


def judge_reach(
    name: PerformanceMetric,
    goal: float,
    found: Estimate,
    curve: LearningCurve | None,
    *,
    rows: int,
    unit: float | None = None,
) -> Check:
    """The same of a score that was `found`; `unit` is that of its curve (see `LearningCurve`)."""
    sign = -1.0 if name in LOWER_IS_BETTER else 1.0
    value, interval = found.value, found.interval
    tuning = TUNING * (1.0 if unit is None else unit)
    assert interval.low is not None
    assert interval.high is not None
    worst, best = sorted((sign * interval.low, sign * interval.high))
    verdict = Verdict.PASS if worst >= sign * goal else Verdict.CAUTION
    if curve and max(best, curve.best_at(GROWTH)) + tuning < sign * goal:
        verdict = Verdict.FAIL
    return Check(
        name=f"reach[{name}]",
        claim=f"{name} of {'at most' if sign < 0 else 'at least'} {goal:g} is within reach",
        verdict=verdict,
        statistic=f"{name} of a quick learner, cross-validated",
        estimate=value,
        interval=interval,
        threshold=goal,
        why=_why(name, found, curve if verdict is not Verdict.PASS else None, unit),
        remedy=_remedy(verdict, sign * value >= sign * goal),
        rows=rows,
    )


def _estimate_score(data: FeasibilityData, name: PerformanceMetric) -> ScoreEstimates:
    return estimate_scores(data, name, data.probabilities[None, :])


def _interval(
    data: FeasibilityData, name: PerformanceMetric, estimates: ScoreEstimates
) -> Interval:
    if name == "roc_auc":
        return roc_auc(data.labels, data.probabilities, units=data.clusters).interval
    low, high = estimates.limits()
    least = max(low, 0.0)
    return Interval(low=least, high=high if name in {"log_loss", "cost"} else min(high, 1.0))


def _why(name: str, found: Estimate, curve: LearningCurve | None, unit: float | None) -> str:
    digits = ".3f" if unit is None else ".4g"
    value, low, high = found.value, found.interval.low, found.interval.high
    base = f"A quick learner has {name} of {value:{digits}} [{low:{digits}}, {high:{digits}}]"
    if curve is None:
        return f"{base}."
    best = curve.clip_score(curve.sign * curve.best_at(GROWTH))
    return (
        f"{base}; its learning curve gives {curve.show(best)} at best with {GROWTH} times the rows."
    )


def _remedy(verdict: Verdict, is_reached: bool) -> str:
    if verdict is Verdict.FAIL:
        return (
            "Neither more rows nor tuning would reach it: add columns that bear on the outcome, or"
            " lower the target (feasibility.reach)."
        )
    if verdict is Verdict.PASS:
        return ""
    if is_reached:
        return "Add rows: the estimate reaches the target, but its interval does not."
    return "Tuning may reach it; the learning curve says whether more rows would."
