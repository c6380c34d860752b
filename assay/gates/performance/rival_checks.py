"""The checks of a score against a rival's and against a limit, for any type of question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assay.config.gates import LOWER_IS_BETTER, PerformanceMetric
from assay.gates.performance import display
from assay.gates.performance.metric_titles import metric_title
from assay.gates.report import Check, Interval, Verdict
from assay.gates.statistics.cluster_errors import student_quantile
from assay.gates.statistics.intervals import Estimate, verdict_at_least, verdict_at_most

REIGN_ERROR = 0.05  # chance that any of a champion's challengers, all as good, beats it by noise


@dataclass(frozen=True, slots=True)
class RowEvidence:
    """The test rows that an estimate rests on.

    `too_few` says what to do where they are too few to judge, and is empty where they are enough.
    `freedom`: Student's degrees of freedom; infinite where the normal distribution will do.
    """

    rows: int
    too_few: str = ""
    freedom: float = np.inf


def comparison_check(
    *,
    name: str,
    claim: str,
    statistic: str,
    subject: str,
    rival: str,
    gain: Estimate,
    margin: float,
    evidence: RowEvidence,
    where: str = "",
    challenger_number: int | None = None,
    hard: bool = True,
    describe_gain: Callable[[Estimate, str], str] = display.gain_text,
) -> Check:
    """Whether the `gain` over a rival is larger than `margin`.

    `subject` and `rival` say whose scores are compared: "ROC AUC", "the dummy's". `where` adds to
    the sentence on which rows, and `describe_gain` says the gain over `rival` in words. A
    `challenger_number` makes the interval that of `spent_level`.
    """
    few = evidence.too_few
    verdict = Verdict.UNKNOWN if few else _better_verdict(gain.interval, margin)
    spent = ""
    if challenger_number is not None:
        spent = f"; {_spending_text(challenger_number)}"
        if verdict is not Verdict.FAIL:  # a budget for noise is no reason to spare what is worse
            gain = _widen_to_level(gain, spent_level(challenger_number), evidence.freedom)
            verdict = Verdict.UNKNOWN if few else _better_verdict(gain.interval, margin)
    return Check(
        name=name,
        claim=claim,
        verdict=verdict,
        statistic=statistic,
        estimate=gain.value,
        interval=gain.interval,
        threshold=margin,
        why=f"{subject} is {describe_gain(gain, rival)}{where}{spent}",
        remedy=few or display.suggest_remedy(verdict, gain, margin, evidence.rows),
        hard=hard,
        accepted=not hard,
        rows=evidence.rows,
    )


def too_few_newest_check(name: str, metric: PerformanceMetric, evidence: RowEvidence) -> Check:
    """The comparison with a rival, where too few rows came since that one was trained."""
    return Check(
        name=f"beats_{name}",
        claim=f"{metric_title(metric)} beats the {name} on the test rows that came since",
        verdict=Verdict.UNKNOWN,
        statistic=f"{metric}, improvement over the {name}",
        why=f"Only {evidence.rows:,} test rows came since the champion was trained",
        remedy=evidence.too_few,
        hard=False,
        accepted=True,
        rows=evidence.rows,
    )


def limit_check(
    metric: PerformanceMetric, score: Estimate, limit: float, evidence: RowEvidence
) -> Check:
    """Whether a score is on the right side of its limit."""
    loss = metric in LOWER_IS_BETTER
    judged = (verdict_at_most if loss else verdict_at_least)(score.interval, limit)
    verdict = Verdict.UNKNOWN if evidence.too_few else judged
    return Check(
        name=f"at_least[{metric}]",
        claim=f"{metric_title(metric)} is at {'most' if loss else 'least'} {limit:g}",
        verdict=verdict,
        statistic=metric,
        estimate=score.value,
        interval=score.interval,
        threshold=limit,
        why=f"{metric_title(metric)} is {display.estimate_text(score)}",
        remedy=evidence.too_few or display.suggest_remedy(verdict, score, limit, evidence.rows),
        rows=evidence.rows,
    )


def shift_estimate(gain: Estimate, by: float) -> Estimate:
    """A gain over a rival that is better `by` so much."""
    low, high = (
        None if end is None else end - by for end in (gain.interval.low, gain.interval.high)
    )
    return Estimate(gain.value - by, Interval(low=low, high=high, level=gain.interval.level))


def spent_level(challenger_number: int) -> float:
    """The two-sided level at which the k-th challenger of a champion is judged.

    The one-sided errors, `REIGN_ERROR` / (k (k + 1)), sum to `REIGN_ERROR` over any number of
    challengers; the first has the usual interval.
    """
    return 1 - 2 * REIGN_ERROR / (challenger_number * (challenger_number + 1))


def _spending_text(challenger_number: int) -> str:
    error = (1 - spent_level(challenger_number)) / 2
    return (
        f"challenger {challenger_number:,} of this champion, judged with an error of "
        f"{100 * error:.2g} % of the {REIGN_ERROR:.0%} for all of them"
    )


def _widen_to_level(gain: Estimate, level: float, freedom: float) -> Estimate:
    """The estimate with its interval of 95 % widened to another level, by the quantiles' ratio."""
    if level == gain.interval.level:
        return gain
    wider = float(student_quantile(level, freedom) / student_quantile(gain.interval.level, freedom))
    low, high = (
        None if end is None else gain.value + wider * (end - gain.value)
        for end in (gain.interval.low, gain.interval.high)
    )
    return Estimate(gain.value, Interval(low=low, high=high, level=level))


def _better_verdict(interval: Interval, margin: float) -> Verdict:
    """Strictly: a model that is exactly as good as its rival does not beat it."""
    if interval.low is not None and interval.low > margin:
        return Verdict.PASS
    return (
        Verdict.FAIL if interval.high is not None and interval.high <= margin else Verdict.UNKNOWN
    )
