"""Check 2: can the scores that are asked for be reached?"""

from __future__ import annotations

from assay.config.gates import LOWER_IS_BETTER, PerformanceMetric
from assay.gates.feasibility.data import FeasibilityData
from assay.gates.feasibility.learning_curve import LearningCurve
from assay.gates.feasibility.score_estimates import ScoreEstimates, estimate_scores
from assay.gates.report import Check, Interval, Verdict
from assay.gates.statistics.auc import roc_auc

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
    sign = -1.0 if name in LOWER_IS_BETTER else 1.0
    found = curve.estimates if curve else _estimate_score(data, name)
    value = float(found.values[-1])
    interval = _interval(data, name, found)
    assert interval.low is not None
    assert interval.high is not None
    worst, best = sorted((sign * interval.low, sign * interval.high))
    verdict = Verdict.PASS if worst >= sign * goal else Verdict.CAUTION
    if curve and max(best, curve.best_at(GROWTH)) + TUNING < sign * goal:
        verdict = Verdict.FAIL
    return Check(
        name=f"reach[{name}]",
        claim=f"{name} of {'at most' if sign < 0 else 'at least'} {goal:g} is within reach",
        verdict=verdict,
        statistic=f"{name} of a quick learner, cross-validated",
        estimate=value,
        interval=interval,
        threshold=goal,
        why=_why(name, value, interval, curve if verdict is not Verdict.PASS else None),
        remedy=_remedy(verdict, sign * value >= sign * goal),
        rows=len(data.sampled_rows),
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


def _why(name: str, value: float, interval: Interval, curve: LearningCurve | None) -> str:
    base = f"A quick learner has {name} of {value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"
    if curve is None:
        return f"{base}."
    best = curve.clip_score(curve.sign * curve.best_at(GROWTH))
    return f"{base}; its learning curve gives {best:.3f} at best with {GROWTH} times the rows."


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
