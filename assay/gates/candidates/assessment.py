"""What is known of a candidate before the test: its answers out of fold, measured and audited."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from assay.config.use_case import UseCase
from assay.gates.fairness.gate import audit_fairness
from assay.gates.fairness.group_distances import GroupDistance, allowed_range, farthest_groups
from assay.gates.performance.point_scores import ModelPredictions
from assay.gates.performance.scores import estimate_score, score_difference
from assay.gates.report import Check, Interval, Verdict, overall_verdict
from assay.gates.statistics.cluster_errors import find_clusters
from assay.gates.statistics.intervals import Estimate, Floats, normal_quantile
from assay.learning.train import UNMITIGATED


@dataclass(frozen=True)
class OutOfFoldPredictions:
    """A candidate's answers out of fold, as training keeps them, and its mean over the folds of
    `performance.choose_by`. `test_rows` counts the test rows. `weights`: how much each of the rows
    out of fold counts.
    """

    title: str
    held_out: pd.DataFrame
    cross_validation_score: float
    test_rows: float
    weights: Floats | None = None


@dataclass(frozen=True)
class AssessedCandidate:
    """What is known of a candidate when its turn is decided.

    `cost` is the mean of a row, `mitigation_cost` how much more that is than before mitigation (on
    the same rows); `distances` of the farthest group by rule; `foreseen_verdict` is the one the
    fairness gate will come to; `chance_within` that all true gaps lie within their limits.
    """

    title: str
    rows: int
    cross_validation_score: float
    accuracy: Estimate
    cost: Estimate
    mitigation_cost: Estimate
    distances: dict[str, GroupDistance]
    foreseen_verdict: Verdict
    chance_within: float
    dominated_by: tuple[str, ...] = ()


def assess_candidate(predictions: OutOfFoldPredictions, use_case: UseCase) -> AssessedCandidate:
    """Measure a candidate's answers and ask the fairness gate about them."""
    frame, asked = predictions.held_out, use_case.performance.cost
    truth = frame["truth"].to_numpy(bool)
    probability = frame["probability"].to_numpy(float)
    who = ModelPredictions(probability, frame["decision"].to_numpy(bool))
    before = ModelPredictions(probability, frame[UNMITIGATED].to_numpy(bool))
    clusters = find_clusters(None, "", predictions.weights)
    checks = _audit_checks(predictions, use_case)
    more = len(frame) / max(predictions.test_rows, 1)
    return AssessedCandidate(
        title=predictions.title,
        rows=len(frame),
        cross_validation_score=predictions.cross_validation_score,
        accuracy=estimate_score("accuracy", truth, who, asked, clusters=clusters),
        cost=estimate_score("cost", truth, who, asked, clusters=clusters),
        mitigation_cost=_negate(
            score_difference("cost", truth, who, before, asked, clusters=clusters)
        ),
        distances=farthest_groups(checks),
        foreseen_verdict=overall_verdict([foresee_check(check, more) for check in checks]),
        chance_within=math.prod(map(chance_within_limits, checks)),
    )


def _audit_checks(predictions: OutOfFoldPredictions, use_case: UseCase) -> Sequence[Check]:
    """The fairness gate's checks of these answers; none where the use case sets no limit."""
    if not use_case.fairness:
        return ()
    named = {column for rule in use_case.fairness for column in rule.sensitive_columns()}
    sensitive = {n: s for n, s in use_case.data.sensitive.items() if n in named}
    return audit_fairness(
        predictions.held_out,
        use_case.fairness,
        sensitive,
        subject=predictions.title,
        by=(),
        weights=predictions.weights,
    ).checks


def _negate(gain: Estimate) -> Estimate:
    low, high = gain.interval.low, gain.interval.high
    turned = Interval(
        low=None if high is None else 0.0 - high,
        high=None if low is None else 0.0 - low,
        level=gain.interval.level,
    )
    return Estimate(0.0 - gain.value, turned)  # no "-0.0"


FORESEEN_SHARE = 0.8  # of all tests to come, those of which a foreseen verdict speaks


def foresee_check(check: Check, row_ratio: float) -> Check:
    """The check as it comes out in `FORESEEN_SHARE` of tests, if the rows at hand are `row_ratio`
    times as many as the test's.

    The test's interval is wider by the root of `row_ratio`; its centre lies off this one by what
    chance does to both. What stands in spite of both is foreseen, anything else `unknown`.
    """
    held = check.interval
    if check.verdict not in {Verdict.PASS, Verdict.FAIL} or check.estimate is None or held is None:
        return check
    off = normal_quantile(2 * FORESEEN_SHARE - 1) / normal_quantile(held.level)
    wider = math.sqrt(row_ratio) + off * math.sqrt(row_ratio + 1)
    low, high = (
        math.copysign(math.inf, side)
        if end is None
        else check.estimate + wider * (end - check.estimate)
        for end, side in ((held.low, -1), (held.high, 1))
    )
    bottom, top = allowed_range(check)
    inside, outside = bottom <= low and high <= top, low > top or high < bottom
    stands = inside if check.verdict is Verdict.PASS else outside
    return check if stands else check.model_copy(update={"verdict": Verdict.UNKNOWN})


def chance_within_limits(check: Check) -> float:
    """How likely the true gap lies within the limit: normal, with the interval's own spread.

    One where nothing was measured, which is so for all candidates alike.
    """
    held = check.interval
    if check.estimate is None or held is None:
        return 1.0
    bottom, top = allowed_range(check)
    above = _chance_beyond(check.estimate - bottom, held.low, check.estimate, held.level)
    below = _chance_beyond(top - check.estimate, held.high, check.estimate, held.level)
    return max(1.0 - above - below, 0.0)


def _chance_beyond(room: float, end: float | None, estimate: float, level: float) -> float:
    """How likely the truth lies more than `room` to the side where the interval has its `end`."""
    if end is None:
        return 0.5
    error = abs(end - estimate) / normal_quantile(level)
    if error == 0:
        return float(room < 0)
    return 0.5 * math.erfc(room / error / math.sqrt(2))
