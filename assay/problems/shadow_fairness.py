"""Fairness rules on labelled rows that two versions answered: is anyone treated worse than now?

A gap fails where it is surely beyond what people accept, unless the champion's on the same rows is
so too and the challenger's is not surely larger. The paired interval of the change decides; where
there is none, whether the gap is larger at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from assay.config.gates import FairnessRule
from assay.config.use_case import UseCase
from assay.errors import DataError
from assay.gates.fairness.divisions import FairnessLimit
from assay.gates.fairness.gaps import GroupPair
from assay.gates.fairness.metric_rules import judge_rules
from assay.gates.monitoring.group_comparison import GroupComparison
from assay.gates.report import Check, Verdict
from assay.gates.shadow.fairness import unjudged_check, within_limit
from assay.gates.shadow.rows import TRUTH
from assay.gates.statistics.intervals import Estimate
from assay.problems.answer_comparison import AnswerComparison, AnswerPair
from assay.problems.problem_type import ProblemType


def check_fairness(
    problem: ProblemType,
    labelled: AnswerPair,
    compared: AnswerComparison | None,
    use_case: UseCase,
) -> list[Check]:
    """One check a group and rule. Rules that cannot be held against these rows are unknown."""
    target = use_case.data.target
    names = {name: name for name in (*problem.answer_columns(target), TRUTH)}
    comparison = problem.group_comparison(target, names)
    if comparison is None or not use_case.fairness:
        return []
    asked = {name for rule in use_case.fairness for name in rule.sensitive_columns()}
    absent = sorted(asked - {*labelled.second})
    rules = [r for r in use_case.fairness if not {*r.sensitive_columns()} & {*absent}]
    found = []
    if absent:
        what = f"the batches lack {', '.join(absent)}, so nobody's group is known"
        lost = DataError(what, remedy="Send these columns too; the model need not see them.")
        found.append(unjudged_check(lost))
    if not rules:
        return found
    try:
        theirs, ours = (
            _judge(comparison, rows, rules, use_case) for rows in (labelled.first, labelled.second)
        )
    except DataError as error:
        return [*found, unjudged_check(error)]
    for mine, rival in zip(ours, theirs, strict=True):
        found += _limit_checks(comparison, mine, rival, compared)
    return found


def _judge(
    comparison: GroupComparison,
    rows: pd.DataFrame,
    rules: Sequence[FairnessRule],
    use_case: UseCase,
) -> list[FairnessLimit]:
    return judge_rules(comparison.expand_rules(rows, rules, use_case.data.sensitive))


def _limit_checks(
    comparison: GroupComparison,
    mine: FairnessLimit,
    theirs: FairnessLimit,
    compared: AnswerComparison | None,
) -> list[Check]:
    rivals = {
        theirs.division.group_name(pair.group): (pair, verdict.verdict)
        for pair, verdict in zip(theirs.pairs, theirs.verdicts, strict=True)
    }
    own = {mine.division.group_name(pair.group): pair for pair in mine.pairs}
    found = []
    for check in comparison.limit_checks(mine):
        if check.verdict is Verdict.UNKNOWN:
            accepted = check.accepted or within_limit(check)
            found.append(check.model_copy(update={"accepted": accepted}))
            continue
        pair, rival = own.get(check.group or ""), rivals.get(check.group or "")
        if check.verdict is Verdict.FAIL and pair is not None and rival is not None:
            change = _gap_change(mine, pair, compared)
            if rival[1] is Verdict.FAIL and not _is_worse(pair, rival[0], change):
                found.append(_ease_check(check, rival[0]))
                continue
        found.append(check)
    return found


def _ease_check(check: Check, rival: GroupPair) -> Check:
    measure = rival.measures[rival.metric]
    gap = measure.gap_text(rival.gap) if measure.quantity else f"{rival.gap:.3f}"
    why = f"{check.why}; the champion's gap on the same rows is {gap}, beyond it too"
    return check.model_copy(update={"why": why, "verdict": Verdict.CAUTION})


def _gap_change(
    limit: FairnessLimit, pair: GroupPair, compared: AnswerComparison | None
) -> Estimate | None:
    """By how much the gap differs from the champion's, with its paired interval; None where that is
    not known.
    """
    if compared is None or pair.ratio is not None or len(pair.by) > 1:
        return None
    outcome = limit.division.outcome
    metric = f"{pair.metric}[{outcome}]" if outcome else pair.metric
    return next(
        (
            one.gap_change
            for one in compared.groups
            if (one.metric, one.column, one.group) == (metric, pair.by[0], pair.group)
        ),
        None,
    )


def _is_worse(mine: GroupPair, rival: GroupPair, change: Estimate | None) -> bool:
    if change is None or None in (change.interval.low, change.interval.high):
        return _distance(mine) > _distance(rival)
    low, high = change.interval.low, change.interval.high
    assert low is not None, "told above"
    assert high is not None, "told above"
    return low > 0 if mine.gap > 0 else high < 0


def _distance(pair: GroupPair) -> float:
    """How far a gap is from none: a ratio of 2 as far as one of 1/2."""
    if pair.ratio is None:
        return abs(pair.gap)
    return max(pair.gap, 1 / pair.gap) if pair.gap > 0 else float("inf")
