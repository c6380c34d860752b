"""Checks 2 and 4 in part: can the scores that are asked for be reached, and would rows help?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from assay.config.gates import LOWER_IS_BETTER, Score
from assay.evidence.feasibility.material import Material
from assay.evidence.report import Check, Verdict
from assay.evidence.statistics import Estimate, Floats, paired_bootstrap
from assay.learning.scores import score, threshold

DRAWS = 200
MOST_ROWS = 20_000  # a bootstrap of so many is as telling, and bounded in time
DOUBLINGS = 2  # more than four times the rows is no plan
MOST_DOUBLINGS = 4  # nor is it worth telling that sixteen times would do


def reach(material: Material) -> list[Check]:
    """One check per score in `feasibility.reach`, by a quick learner, cross-validated.

    Fails when the interval lies below the target and so would four times the rows, were each
    doubling to bring as much as the last one (curves flatten, so it brings less).
    """
    return [
        _check(material, name, goal) for name, goal in material.use_case.feasibility.reach.items()
    ]


def _check(material: Material, name: Score, goal: float) -> Check:
    sign = -1.0 if name in LOWER_IS_BETTER else 1.0
    rows = _subset(material)
    full = _scorer(material, name, material.answers, rows)
    found = _bootstrap(material, full, len(rows))
    low, high = found.interval.low, found.interval.high
    assert low is not None
    assert high is not None
    why = f"A quick learner has {found.value:.3f} ({low:.3f} to {high:.3f})"
    verdict, remedy = Verdict.PASS, ""
    if min(sign * low, sign * high) < sign * goal:
        half = _scorer(material, name, material.answers_from_half, rows)
        gain = _bootstrap(material, lambda i: sign * (full(i) - half(i)), len(rows))
        verdict = _verdict(max(sign * low, sign * high), sign * goal, gain)
        remedy = _remedy(verdict, sign * (goal - found.value), gain.value)
        why += f"; the last doubling of the rows improved it by {gain.value:.4f}"
    return Check(
        name=f"reach[{name}]",
        claim=f"{name} of {'at most' if sign < 0 else 'at least'} {goal:g} is within reach",
        verdict=verdict,
        statistic=f"{name} of a quick learner, cross-validated",
        estimate=found.value,
        interval=found.interval,
        threshold=goal,
        why=f"{why}.",
        remedy=remedy,
        rows=len(rows),
    )


def _subset(material: Material) -> np.ndarray:
    total = len(material.rows)
    if total <= MOST_ROWS:
        return np.arange(total)
    return np.sort(np.random.default_rng(material.seed).choice(total, MOST_ROWS, replace=False))


def _scorer(
    material: Material, name: Score, answers: Floats, rows: np.ndarray
) -> Callable[[np.ndarray], float]:
    cost = material.use_case.performance.cost
    truth, probability = material.labels[rows], np.clip(answers[rows], 1e-6, 1 - 1e-6)
    decision = probability >= threshold(cost)

    def of(drawn: np.ndarray) -> float:
        chosen = truth[drawn]
        if chosen.all() or not chosen.any():
            return float("nan")
        return score(name, chosen, probability[drawn], decision[drawn], cost)

    return of


def _bootstrap(material: Material, statistic: Callable[[np.ndarray], float], rows: int) -> Estimate:
    return paired_bootstrap(statistic, rows, draws=DRAWS, seed=material.seed)


def _verdict(best: float, goal: float, gain: Estimate) -> Verdict:
    """`best` is the better end of the interval, and both are signed so that more is better."""
    most = max(gain.interval.high or 0.0, 0.0)
    return Verdict.FAIL if best + DOUBLINGS * most < goal else Verdict.CAUTION


def _remedy(verdict: Verdict, short: float, gain: float) -> str:
    """`short` is what the estimate lacks; below zero when only its interval is short of it."""
    if verdict is Verdict.FAIL:
        return "More rows would not do: add columns that bear on the outcome, or lower the target."
    if short <= 0:
        return "Add rows: the estimate is there, but its interval is too wide to be sure."
    if gain <= 0 or short / gain > MOST_DOUBLINGS:
        return "Tuning may reach it; more rows are not likely to help."
    return (
        f"Tuning may reach it; at the present slope, so would {2 ** (short / gain):.1f} times"
        " the rows."
    )
